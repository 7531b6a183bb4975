"""What breaks in the demo's estates, how often, what is done about it, and what it costs outside the warranty."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from repairs.models import RepairCategory, TariffItem
from residents.models import Company
from residents.models.staff import Trade
from residents.pinyin import text_initials


class Fault(NamedTuple):
    """A repair category and its stories. `months` of warranty; `fen` is the price outside it; `share` is its weight."""

    code: str
    name: str
    group: str
    trade: Trade
    months: int
    fen: int
    share: int
    words: tuple[str, ...]
    """What people say; the first is the template of the intake form."""
    result: str
    part: str = ""
    part_fen: int = 0
    is_safety: bool = False


WATER, POWER, WOOD, AIR, WEAK, ANY = (
    Trade.PLUMBING,
    Trade.PLUMBING,
    Trade.CARPENTRY,
    Trade.HVAC,
    Trade.LOW_VOLTAGE,
    Trade.GENERAL,
)

IN_HOME = (
    Fault("kitchen-leak", "厨房漏水", "给排水", WATER, 24, 6000, 10,
          ("水槽下方柜内漏水，已关角阀仍滴水，地柜进水。", "洗菜盆下水管接口渗水。"),
          "角阀与软管接口换生料带，更换不锈钢软管，观察无渗漏。", "不锈钢软管 60cm", 2800, True),
    Fault("kitchen-pests", "厨房老鼠 / 虫害", "消杀", ANY, 0, 5000, 2,
          ("厨房柜内发现鼠迹。", "水槽附近有蟑螂。"), "布放粘板与饵站，封堵管道缝隙。", "粘鼠板", 600),
    Fault("floor-drain", "卫生间地漏返水", "给排水", WATER, 24, 8000, 8,
          ("洗澡时地漏返水，有异味。", "地漏往外冒水，马桶也慢。"), "疏通地漏支管，更换防臭芯。", "防臭地漏芯", 2500),
    Fault("toilet-tank", "马桶水箱漏水", "给排水", WATER, 24, 5000, 6,
          ("水箱一直进水不停。", "按完后水流不止。"), "更换进水阀与密封圈，调好水位。", "进水阀", 3500),
    Fault("tap", "水龙头滴水", "给排水", WATER, 24, 4000, 6,
          ("洗脸盆龙头关不紧。", "阳台拖把池龙头滴水。"), "更换阀芯，试水正常。", "陶瓷阀芯", 1800),
    Fault("bathroom-seep", "卫生间渗水到楼下", "防水", WATER, 60, 20000, 3,
          ("楼下反映吊顶有水印。", "卫生间墙角发霉，楼下滴水。"), "淋浴区填缝失效，重做填缝并闭水试验。",
          "防水填缝剂", 6500),
    Fault("pressure", "水压不足", "给排水", WATER, 24, 4000, 4,
          ("热水出水很小。", "整户水压低。"), "清洗入户过滤网，减压阀复调。"),
    Fault("socket", "客厅插座无电", "电气", POWER, 24, 4000, 6,
          ("电视墙一排插座没电。", "插座有焦味，不敢用。"), "更换插座面板，紧固端子。", "五孔插座", 1500, True),
    Fault("breaker", "空开跳闸", "电气", POWER, 24, 5000, 6,
          ("一开热水器就跳闸。", "总闸合不上。"), "查出厨房回路短路点并处理，更换漏保。", "漏电保护器", 8800, True),
    Fault("bulb", "吸顶灯更换", "特约", POWER, 0, 3000, 4,
          ("过道吸顶灯不亮，请带灯来换。", "书房灯闪。"), "更换 LED 灯盘。", "LED 灯盘 18W", 4500),
    Fault("door-lock", "入户门锁打不开", "门窗", WOOD, 24, 6000, 5,
          ("钥匙转不动，人在门外。", "密码锁没电，机械钥匙也卡。"), "拆检锁体，上油调整锁舌。", "锁体弹簧", 1200),
    Fault("sliding-door", "阳台推拉门脱轨", "门窗", WOOD, 24, 6000, 5,
          ("推拉门掉下来一角。", "门很重，推不动。"), "更换滑轮，校正轨道。", "推拉门滑轮", 2600),
    Fault("window-seep", "窗边渗水", "防水", WOOD, 60, 15000, 4,
          ("下雨时飘窗左角渗水。", "窗框下沿墙面鼓包。"), "窗框外侧重新打胶，淋水试验无渗。", "耐候密封胶", 3200),
    Fault("screen", "纱窗更换", "特约", WOOD, 0, 4500, 3,
          ("纱窗破了两扇。",), "现场量尺更换纱网。", "纱网", 3000),
    Fault("tile", "墙砖空鼓", "墙地面", WOOD, 24, 12000, 3,
          ("厨房墙砖敲着空，怕掉。", "地砖起翘。"), "拆除空鼓砖重贴。", "瓷砖胶", 4800),
    Fault("cabinet", "橱柜门铰链松动", "门窗", WOOD, 24, 3500, 3,
          ("吊柜门关不严。",), "更换铰链两副。", "缓冲铰链", 2000),
    Fault("ac-drip", "空调外机滴水", "空调", AIR, 24, 8000, 5,
          ("外机滴水到楼下雨棚，楼下投诉。", "冷凝水管脱落。"), "重接冷凝水管并加固。", "冷凝水管", 1600),
    Fault("ac-cold", "空调不制冷", "空调", AIR, 24, 12000, 4,
          ("客厅空调只吹风。",), "清洗滤网，补充冷媒。", "冷媒 R32", 9000),
    Fault("heater", "热水器不点火", "燃气", WATER, 0, 6000, 3,
          ("打火声有，不着。", "洗一半变冷水。"), "更换电池与点火针，检漏正常。", "点火针", 2200, True),
    Fault("intercom", "可视对讲无声", "弱电", WEAK, 24, 5000, 4,
          ("楼下呼叫听不到声音。", "对讲屏不亮。"), "更换室内分机听筒板。", "分机听筒板", 6000),
    Fault("doorbell", "门铃不响", "弱电", WEAK, 24, 3000, 3,
          ("门铃按了没反应。",), "更换门铃电池与按键。", "门铃按键", 900),
    Fault("network", "弱电箱无网络", "弱电", WEAK, 24, 5000, 3,
          ("弱电箱到书房网线不通。",), "重做水晶头，线路测通。", "水晶头", 200),
)  # fmt: skip

PUBLIC = (
    Fault("street-lamp", "路灯不亮", "照明", POWER, 0, 0, 6,
          ("晚上整段路黑。", "路灯一闪一闪。"), "更换灯头，恢复照明。", "LED 路灯头"),
    Fault("garage-lamp", "车库照明不亮", "照明", POWER, 0, 0, 6,
          ("一排灯管全灭。", "车位上方没灯。"), "更换灯管与镇流器。", "T8 灯管"),
    Fault("closer", "单元门闭门器松动", "门窗", WOOD, 0, 0, 5,
          ("单元门关不上，夜里不安全。",), "紧固并调速闭门器。", "闭门器螺丝"),
    Fault("stair-lamp", "楼道灯不亮", "照明", POWER, 0, 0, 6,
          ("楼道声控灯坏了。",), "更换声控灯。", "声控灯"),
    Fault("lift-noise", "电梯运行异响", "电梯", Trade.LIFT, 0, 0, 4,
          ("上行时有刮擦声。", "开门抖动。"), "维保到场调整门导轨，试运行正常。"),
    Fault("barrier", "道闸抬杆异常", "道闸", WEAK, 0, 0, 4,
          ("车牌识别后不抬杆。",), "重启控制器，校正地感线圈。"),
    Fault("gate-card", "单元门禁失灵", "弱电", WEAK, 0, 0, 4,
          ("刷卡没反应，门一直开着。",), "更换读头电源。", "门禁电源"),
    Fault("flood", "地库积水", "给排水", WATER, 0, 0, 3,
          ("集水井附近地面有水。",), "清理排水沟，更换浮球。", "浮球开关", 0, True),
    Fault("hydrant", "消火栓箱渗水", "消防", WATER, 0, 0, 2,
          ("楼层消火栓箱下面有水。",), "更换栓口密封垫，试压正常。", "密封垫", 0, True),
    Fault("roof-drain", "屋面雨水口堵塞", "给排水", WATER, 0, 0, 2,
          ("屋面积水，顶层担心漏。",), "清掏雨水口。"),
    Fault("playground", "儿童滑梯松动", "设施", ANY, 0, 0, 2,
          ("滑梯扶手晃。",), "紧固螺栓，贴检查标签。", "", 0, True),
)  # fmt: skip

FAULTS = {fault.code: fault for fault in (*IN_HOME, *PUBLIC)}


def install_catalogue(company: Company, *, at: datetime) -> dict[str, RepairCategory]:
    """The tariff and the categories of one company, by code. Needs its scope."""
    tariffs = TariffItem.objects.bulk_create(
        TariffItem(
            company=company,
            code=f"T{number:03d}",
            name=f"{fault.name} 上门维修",
            price_fen=fault.fen,
            published_at=at,
        )
        for number, fault in enumerate(IN_HOME, start=1)
    )
    tariff_of = {fault.code: tariff for fault, tariff in zip(IN_HOME, tariffs, strict=True)}
    categories = RepairCategory.objects.bulk_create(
        RepairCategory(
            company=company,
            code=fault.code,
            name=fault.name,
            initials=text_initials(fault.name)[:20],
            group=fault.group,
            trade=fault.trade,
            is_public_area=fault in PUBLIC,
            is_safety=fault.is_safety,
            warranty_months=fault.months,
            template=fault.words[0],
            tariff=tariff_of.get(fault.code),
            position=position * 10,
        )
        for position, fault in enumerate(FAULTS.values(), start=1)
    )
    return {category.code: category for category in categories}
