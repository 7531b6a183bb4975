// Countdowns drawn from the server's time. The computer's own clock may be wrong; only its steady counter is trusted.
(() => {
  "use strict";
  const body = document.body;
  const MEASURE_EVERY_MS = 60000, TICK_MS = 500, ENGINE_EVERY_MS = 10000, ENGINE_LATE_S = 30, MINUTE = 60, HOUR = 3600, DAY = 86400, PRECISE_BELOW_S = 20 * MINUTE;
  const two = (n) => String(n).padStart(2, "0");
  // server time in ms at performance.now() === 0
  let origin = Date.parse(body.dataset.serverNow) - performance.now();
  const now = () => origin + performance.now();

  async function measure() {
    if (!body.dataset.timeUrl || document.hidden) return;
    const sent = performance.now();
    try {
      const answer = await fetch(body.dataset.timeUrl, { cache: "no-store", headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok) return;
      const { now: text, swept_at: swept } = await answer.json();
      const received = performance.now();
      origin = Date.parse(text) - (sent + received) / 2;
      if (swept) document.querySelectorAll("[data-engine]").forEach((el) => (el.dataset.sweptAt = swept));
      tick();
    } catch { /* without an answer the last measurement stands */ }
  }

  /** Whole seconds as 18:20, 28 分, 1时48分, 2 小时 or 1天4时. */
  function duration(seconds) {
    if (seconds < PRECISE_BELOW_S) return `${two(Math.floor(seconds / MINUTE))}:${two(seconds % MINUTE)}`;
    if (seconds < HOUR) return desk.word("minutes", { n: Math.floor(seconds / MINUTE) });
    if (seconds < DAY) {
      const h = Math.floor(seconds / HOUR), m = Math.floor((seconds % HOUR) / MINUTE);
      return m ? desk.word("hours", { h, m }) : desk.word("wholeHours", { n: h });
    }
    const d = Math.floor(seconds / DAY), h = Math.floor((seconds % DAY) / HOUR);
    return h ? desk.word("days", { d, h }) : desk.word("wholeDays", { n: d });
  }

  const STATES = ["ok", "warn", "late"];
  function draw(el, at) {
    const before = el.dataset.state;
    if (!STATES.includes(before)) return;
    const due = Date.parse(el.dataset.due), warn = Date.parse(el.dataset.warn), start = Date.parse(el.dataset.start);
    const left = (due - at) / 1000;
    const state = left <= 0 ? "late" : at >= warn ? "warn" : "ok";
    if (!("at" in el.dataset) || state === "late") {
      const text = left > 0 ? duration(Math.ceil(left)) : `+${duration(Math.floor(-left))}`;
      if (el.textContent !== text) el.textContent = text;
    }
    const host = el.closest("[data-clock-host]"), bar = host?.querySelector("progress.bar");
    if (bar && due > start) {
      const share = Math.min(1, Math.max(0, left / ((due - start) / 1000)));
      const value = state === "late" ? 1 : "grow" in el.dataset ? 1 - share : share;
      bar.max = 1;
      if (Math.abs(bar.value - value) > 0.002) bar.value = value;
    }
    if (state === before) return;
    el.dataset.state = state;
    for (const part of [el.closest(".clk"), host]) {
      if (!part) continue;
      part.classList.remove(...STATES.map((name) => `is-${name}`));
      part.classList.add(`is-${state}`);
    }
    if (state === "warn" || state === "late") {
      desk.announce(`${el.dataset.label} ${desk.word(state === "late" ? "late" : "soon")}`);
      el.dispatchEvent(new CustomEvent("clock:crossed", { bubbles: true, detail: { state } }));
    }
  }

  function tick() {
    const at = now();
    document.querySelectorAll("time[role=timer][data-due]").forEach((el) => draw(el, at));
    const wall = document.getElementById("servertime");
    if (wall) {
      const here = new Date(at + zoneShift(wall.dateTime));
      const text = `${two(here.getUTCHours())}:${two(here.getUTCMinutes())}` + ("short" in wall.dataset ? "" : `:${two(here.getUTCSeconds())}`);
      if (wall.textContent !== text) wall.textContent = text;
    }
    document.querySelectorAll("[data-engine][data-swept-at]").forEach((el) => {
      const age = Math.max(0, Math.round((at - Date.parse(el.dataset.sweptAt)) / 1000));
      el.classList.toggle("is-late", age > ENGINE_LATE_S);
      const text = desk.word("engine", { n: age });
      if (el.textContent !== text) el.textContent = text;
    });
  }
  /** The project's offset from UTC in ms, read from an ISO time such as …T14:32:18+08:00. */
  function zoneShift(iso) {
    const match = /([+-])(\d\d):(\d\d)$/.exec(iso);
    return match ? (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60000 : 0;
  }

  desk.now = now;
  desk.tick = tick;
  desk.onContent(tick);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { tick(); measure(); } });
  setInterval(tick, TICK_MS);
  setInterval(measure, MEASURE_EVERY_MS);
  // the board's footer shows the engine's age, so a page that has one asks more often
  setInterval(() => document.querySelector("[data-engine]") && measure(), ENGINE_EVERY_MS);
  measure();
})();
