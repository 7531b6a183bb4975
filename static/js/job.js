// The finish button names what is still missing; pressed too early it goes to the first gap. The server decides in the end.
(() => {
  "use strict";
  const filled = (el) => (el.type === "checkbox" ? el.checked : el.type === "file" ? el.files.length > 0 : el.value.trim() !== "");
  function gaps() {
    const needs = [...document.querySelectorAll("[data-need]")].filter((el) => el.form?.id === "finish-form" && !filled(el));
    const photos = document.querySelector("[data-photos]");
    const short = photos && (Number(photos.dataset.hasBefore) < Number(photos.dataset.needBefore) || Number(photos.dataset.hasAfter) < Number(photos.dataset.needAfter));
    return { needs, photos: short ? photos : null };
  }
  function draw() {
    const button = document.querySelector("[data-finish]");
    if (!button) return;
    const { needs, photos } = gaps();
    const names = [...(photos ? [photos.querySelector("h2").firstChild.textContent.trim()] : []), ...needs.map((el) => el.dataset.need)];
    const text = names.length ? desk.word("finishMissing", { s: names.length > 2 ? `${names[0]}…` : names.join(desk.word("between")) }) : desk.word("finish");
    if (button.textContent !== text) button.textContent = text;
    button.setAttribute("aria-disabled", String(names.length > 0));
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-finish]");
    if (!button || button.getAttribute("aria-disabled") !== "true") return;
    event.preventDefault();
    const { needs, photos } = gaps();
    const first = photos ?? needs[0];
    if (!first) return;
    const opener = first.type === "file" && first.closest("[data-signature]")?.querySelector("[data-pad-open]");
    if (opener && first.closest("[data-pad-area]")?.hidden) opener.click();
    first.scrollIntoView({ block: "center" });
    first.focus?.({ preventScroll: true });
  });
  document.addEventListener("input", draw);
  document.addEventListener("change", draw);
  document.addEventListener("draft:restored", draw);
  desk.onContent(draw);
})();
