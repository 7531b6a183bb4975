// One event stream per browser. An event says only what changed; the page then fetches its own part again and morphs it in,
// never under a caret, never re-sorting a list somebody is pointing at.
(() => {
  "use strict";
  const body = document.body;
  if (!body.dataset.eventsUrl) return;
  const SILENT_MS = 20000, POLL_MS = 15000, HOLD_MS = 10000, GATHER_MS = 250, RED_AFTER_MS = 60000, RETRY_MAX_MS = 15000;
  const EVENTS = ["ticket", "clock", "notice", "tech", "alert", "ack", "shift"];
  const name = `sd-live-${body.dataset.staff}-${body.dataset.project}`;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : null;

  // ---- fetching and swapping
  const waiting = new Map(), held = new Map();
  const parts = () => [...document.querySelectorAll("[data-live]")];
  function changed(event, data) {
    for (const part of parts()) {
      if (!part.dataset.live.split(" ").includes(event)) continue;
      if (part.dataset.liveId && data?.id && part.dataset.liveId !== data.id) continue;
      soon(part.id);
    }
  }
  function soon(id) {
    if (waiting.has(id)) return;
    waiting.set(id, setTimeout(() => { waiting.delete(id); refresh(id); }, GATHER_MS));
  }
  const everything = () => parts().forEach((part) => soon(part.id));
  const busyFetch = new Set(), again = new Set();
  async function refresh(id) {
    const part = document.getElementById(id);
    if (!part) return;
    if (busyFetch.has(id)) return void again.add(id);
    busyFetch.add(id);
    try {
      const answer = await fetch(part.dataset.liveUrl, { cache: "no-store", headers: { "HX-Request": "true", "HX-Target": id, "HX-Current-URL": location.href } });
      if (answer.status === 401 || (answer.redirected && new URL(answer.url).pathname === body.dataset.loginUrl)) return expired();
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
      const current = document.getElementById(id);
      if (fresh && current && current.dataset.liveUrl === part.dataset.liveUrl) place(current, fresh);
    } catch { /* the stream's own watch reports a lost connection */ }
    finally {
      busyFetch.delete(id);
      if (again.delete(id)) soon(id);
    }
  }

  const listOf = (part) => part.querySelector("[data-list]");
  const idsOf = (list) => (list ? [...list.children].map((row) => row.id) : []);
  const touched = (list) => list && (list.matches(":hover") || list.contains(document.activeElement));
  function place(current, fresh) {
    fresh.removeAttribute("hx-swap-oob");
    const list = listOf(current), next = listOf(fresh);
    if (!("liveList" in current.dataset) || !touched(list) || !next) return settle(current, fresh);
    const before = idsOf(list), after = idsOf(next);
    if (before.join() === after.join()) return settle(current, fresh);
    const hold = held.get(current.id) ?? { timer: setTimeout(() => release(current.id), HOLD_MS) };
    hold.fresh = fresh.cloneNode(true);
    held.set(current.id, hold);
    // the rows already shown take their new words at once, in the order they stand
    const rows = new Map([...next.children].map((row) => [row.id, row]));
    next.replaceChildren(...[...list.children].map((row) => rows.get(row.id) ?? row.cloneNode(true)));
    morph(current, fresh);
    const moved = after.filter((id, at) => before[at] !== id).length || before.length - after.length;
    pill(current, moved);
  }
  function pill(current, count) {
    let button = current.querySelector(".pill");
    if (!button) {
      button = document.createElement("button");
      button.type = "button";
      button.className = "pill";
      button.addEventListener("click", () => release(current.id));
      (listOf(current).closest(".listwrap") ?? current).append(button);
    }
    button.textContent = desk.word("changes", { n: count });
  }
  function release(id) {
    const hold = held.get(id), current = document.getElementById(id);
    if (!hold) return;
    clearTimeout(hold.timer);
    held.delete(id);
    if (current) settle(current, hold.fresh);
  }
  function settle(current, fresh) {
    const hold = held.get(current.id);
    if (hold) { clearTimeout(hold.timer); held.delete(current.id); }
    const known = new Set(idsOf(listOf(current) ?? current));
    morph(current, fresh);
    const now = document.getElementById(current.id);
    now?.querySelectorAll(".pill").forEach((button) => button.remove());
    if (now && "liveVibrate" in now.dataset && [...now.querySelectorAll("[id^=t-]")].some((el) => !known.has(el.id) && el.parentElement === now)) navigator.vibrate?.(200);
  }
  const dirty = (form) => [...form.elements].some((el) => (el.matches("textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=file])") && el.value !== el.defaultValue) || (el.matches("[type=checkbox], [type=radio]") && el.checked !== el.defaultChecked) || (el.type === "file" && el.files.length));
  /** Nothing under a caret, a selection or unsent words is replaced. */
  function untouchable(node) {
    if (!(node instanceof Element)) return false;
    // a form whose button was just pressed holds nothing to lose: its next step must appear
    const caret = node.contains(document.activeElement) && desk.isField(document.activeElement);
    if (node.matches("form") && (caret || node.dataset.sending || dirty(node))) return true;
    if (node === document.activeElement && desk.isField(node)) return true;
    // what was signed or ticked outside its form
    if ("padReady" in (node.dataset ?? {})) return true;
    if (node.matches("input, textarea, select") && node.form && dirty(node.form)) return true;
    const chosen = getSelection();
    return !!chosen && !chosen.isCollapsed && !node.children.length && node.contains(chosen.anchorNode);
  }
  function morph(current, fresh) {
    const focus = document.activeElement?.id;
    Idiomorph.morph(current, fresh, {
      morphStyle: "outerHTML",
      ignoreActiveValue: desk.isField(document.activeElement),
      callbacks: {
        beforeNodeMorphed: (old) => !untouchable(old),
        beforeNodeRemoved: (old) => !(old instanceof Element && (untouchable(old) || old.classList.contains("pill") && held.size)),
        beforeAttributeUpdated: (attribute, node) => !(attribute === "open" && node.tagName === "DETAILS"),
      },
    });
    const now = document.getElementById(current.id);
    if (!now) return;
    if (focus && document.activeElement?.id !== focus && document.activeElement === document.body) document.getElementById(focus)?.focus({ preventScroll: true });
    window.htmx?.process(now);
    desk.arrived(now);
  }
  const leave = () => setTimeout(() => { for (const id of [...held.keys()]) if (!touched(listOf(document.getElementById(id) ?? body))) release(id); }, 50);
  document.addEventListener("pointerout", (event) => held.size && event.target.closest?.("[data-list]") && leave());
  document.addEventListener("focusout", leave);
  document.addEventListener("acted", everything);
  document.addEventListener("intake-saved", everything);
  desk.refreshAll = everything;

  // ---- the stream: the leading tab opens it, the others listen to the leading tab
  let heard = performance.now(), lostAt = 0, leading = false, deaf = false, source = null, renew = 0, retry = 2000, polling = 0, gone = false;
  function hear(event, data) {
    heard = performance.now();
    // the server is there but hears nothing itself: its heartbeat does not count until it says so or brings news
    if (event === "live-down") { deaf = true; lostAt ||= heard; }
    else if (event !== "ping") deaf = false;
    if (deaf) return;
    if (lostAt) { lostAt = 0; banner(); everything(); }
    if (event === "live-up") everything();
    else if (event !== "ping") changed(event, data);
  }
  async function lead() {
    leading = true;
    await connect();
  }
  async function connect() {
    if (gone) return;
    source?.close();
    clearTimeout(renew);
    try {
      const answer = await fetch(body.dataset.tokenUrl, { cache: "no-store", headers: { "HX-Request": "true" } });
      if (answer.status === 401 || answer.status === 403 || answer.redirected) return expired();
      if (!answer.ok) throw new Error(String(answer.status));
      const { expires_in: seconds } = await answer.json();
      renew = setTimeout(renewToken, Math.max(5, seconds * 0.8) * 1000);
    } catch { return reconnect(); }
    source = new EventSource(body.dataset.eventsUrl);
    source.addEventListener("open", () => { retry = 2000; deaf = false; tell("ping"); });
    source.addEventListener("ping", () => tell("ping"));
    for (const event of [...EVENTS, "live-down", "live-up"]) source.addEventListener(event, (message) => tell(event, message.data));
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) reconnect(); });
  }
  /** A fresh cookie while the stream runs; the browser shows it when it next reconnects by itself. */
  async function renewToken() {
    try {
      const answer = await fetch(body.dataset.tokenUrl, { cache: "no-store", headers: { "HX-Request": "true" } });
      if (answer.status === 401 || answer.status === 403 || answer.redirected) return expired();
      const { expires_in: seconds } = await answer.json();
      renew = setTimeout(renewToken, Math.max(5, seconds * 0.8) * 1000);
    } catch { renew = setTimeout(renewToken, 5000); }
  }
  function reconnect() {
    setTimeout(connect, retry);
    retry = Math.min(RETRY_MAX_MS, retry * 2);
  }
  function tell(event, text) {
    let data = null;
    try { data = text ? JSON.parse(text) : null; } catch { data = null; }
    hear(event, data);
    channel?.postMessage({ event, data });
  }
  channel?.addEventListener("message", (message) => { if (!leading) hear(message.data.event, message.data.data); });

  // ---- silence
  function banner() {
    const region = document.getElementById("connection");
    if (!region || gone) return;
    if (!lostAt) return void region.replaceChildren();
    const seconds = Math.round((performance.now() - lostAt) / 1000);
    let bar = region.firstElementChild;
    if (!bar) {
      bar = document.createElement("div");
      bar.className = "banner";
      const strong = document.createElement("b"), line = document.createElement("span"), button = document.createElement("button");
      line.textContent = desk.word("lostDetail");
      button.type = "button";
      button.className = "btn btn-s";
      button.textContent = desk.word("retry");
      button.addEventListener("click", () => { everything(); if (leading) connect(); });
      bar.append(strong, line, button);
      region.append(bar);
    }
    bar.firstElementChild.textContent = desk.word("lost", { n: seconds });
    bar.classList.toggle("is-late", performance.now() - lostAt > RED_AFTER_MS);
  }
  function expired() {
    gone = true;
    source?.close();
    clearTimeout(renew);
    const region = document.getElementById("connection");
    if (!region) return;
    const bar = document.createElement("div"), strong = document.createElement("b"), line = document.createElement("span"), link = document.createElement("a");
    bar.className = "banner is-late";
    strong.textContent = desk.word("expired");
    line.textContent = desk.word("expiredDetail");
    link.className = "btn btn-s";
    link.href = `${body.dataset.loginUrl}?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = desk.word("login");
    bar.append(strong, line, link);
    region.replaceChildren(bar);
  }
  setInterval(() => {
    if (gone) return;
    const silent = performance.now() - heard;
    if (silent > SILENT_MS) lostAt ||= heard;
    if (!lostAt) return;
    banner();
    if (performance.now() - polling >= POLL_MS) { polling = performance.now(); everything(); }
  }, 1000);
  const network = () => {
    const tag = document.getElementById("net");
    if (!tag) return;
    tag.textContent = navigator.onLine ? tag.dataset.online : tag.dataset.offline;
    tag.classList.toggle("amb", !navigator.onLine);
  };
  window.addEventListener("online", () => { network(); everything(); });
  window.addEventListener("offline", network);
  network();
  document.addEventListener("visibilitychange", () => { if (!document.hidden && performance.now() - heard > SILENT_MS) everything(); });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) { everything(); if (leading) connect(); } });

  // an address without https has no locks; there every tab keeps a stream of its own
  if (navigator.locks && channel) navigator.locks.request(name, () => { lead(); return new Promise(() => {}); });
  else lead();
})();
