// A finger or mouse writes on the canvas; the picture goes into the ordinary file field as a PNG.
(() => {
  "use strict";
  function prepare(box) {
    if (box.dataset.padReady) return;
    const canvas = box.querySelector("[data-pad]"), file = box.querySelector("input[type=file]"), clear = box.querySelector("[data-pad-clear]");
    const opener = box.querySelector("[data-pad-open]"), area = box.querySelector("[data-pad-area]"), mark = box.querySelector("[data-signed-box]");
    if (!canvas || !file || !window.DataTransfer) return;
    box.dataset.padReady = "1";
    const pen = canvas.getContext("2d");
    let drawn = false, last = null;
    file.classList.add("vh");
    canvas.hidden = clear.hidden = false;
    if (opener) {
      opener.hidden = false;
      area.hidden = true;
      opener.addEventListener("click", () => { area.hidden = !area.hidden; if (!area.hidden) { size(); canvas.scrollIntoView({ block: "center" }); } });
    }
    function size() {
      const ratio = Math.min(2, window.devicePixelRatio || 1);
      canvas.width = canvas.clientWidth * ratio;
      canvas.height = canvas.clientHeight * ratio;
      pen.scale(ratio, ratio);
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
      Object.assign(pen, { lineWidth: 2.4, lineCap: "round", lineJoin: "round", strokeStyle: "#18222d" });
      drawn = false;
    }
    const at = (event) => { const rect = canvas.getBoundingClientRect(); return [event.clientX - rect.left, event.clientY - rect.top]; };
    canvas.addEventListener("pointerdown", (event) => { if (!drawn) size(); canvas.setPointerCapture(event.pointerId); last = at(event); });
    canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      const here = at(event);
      pen.beginPath();
      pen.moveTo(...last);
      pen.lineTo(...here);
      pen.stroke();
      last = here;
      drawn = true;
    });
    const keep = () => {
      if (!last) return;
      last = null;
      if (!drawn) return;
      // at once and not by toBlob, which may answer only after the form has been sent
      const bytes = Uint8Array.from(atob(canvas.toDataURL("image/png").split(",")[1]), (letter) => letter.charCodeAt(0));
      const carrier = new DataTransfer();
      carrier.items.add(new File([bytes], "signature.png", { type: "image/png" }));
      file.files = carrier.files;
      if (mark) mark.parentElement.classList.add("is-met");
      file.dispatchEvent(new Event("change", { bubbles: true }));
    };
    canvas.addEventListener("pointerup", keep);
    canvas.addEventListener("pointercancel", keep);
    clear.addEventListener("click", () => {
      size();
      file.value = "";
      if (mark) mark.parentElement.classList.remove("is-met");
      file.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  desk.onContent((root) => {
    if (root.matches?.("[data-signature]")) prepare(root);
    root.querySelectorAll("[data-signature]").forEach(prepare);
  });
})();
