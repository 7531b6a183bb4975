// Pictures leave the phone no larger than they need to be, and say how far they have got. The server checks them again.
(() => {
  "use strict";
  const LONGEST_PX = 1600, QUALITY = 0.8, SMALL_BYTES = 300 * 1024;
  async function smaller(file) {
    if (!/^image\/(jpeg|png|webp)$/.test(file.type) || !window.createImageBitmap) return file;
    let picture;
    try { picture = await createImageBitmap(file, { imageOrientation: "from-image" }); } catch { return file; }
    const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
    if (scale === 1 && file.size <= SMALL_BYTES) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return blob ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified }) : file;
  }
  function send(form, state) {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) state.textContent = desk.word("photoSending", { n: Math.round((100 * event.loaded) / event.total) }); });
    const failed = () => { state.textContent = desk.word("photoFailed"); delete form.dataset.sending; };
    request.addEventListener("load", () => {
      delete form.dataset.sending;
      if (request.status >= 300) {
        failed();
        const problems = document.getElementById("problems");
        if (problems && [403, 409, 413, 422].includes(request.status)) problems.innerHTML = request.responseText;
        return;
      }
      state.textContent = desk.word("photoSent");
      form.reset();
      document.body.dispatchEvent(new CustomEvent("acted"));
    });
    request.addEventListener("error", failed);
    request.send(new FormData(form));
  }
  document.addEventListener("change", async (event) => {
    const input = event.target;
    const box = input.type === "file" && input.closest("[data-upload]");
    if (!box || !input.files.length || !window.DataTransfer) return;
    const state = box.querySelector("[data-upload-state]");
    if (state) state.textContent = desk.word("photoWorking");
    const carrier = new DataTransfer();
    for (const file of input.files) carrier.items.add(await smaller(file));
    input.files = carrier.files;
    if (state) state.textContent = "";
    if (box.matches("form[data-upload-now]")) send(box, state);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-upload-now]")) return;
    event.preventDefault();
    send(event.target, event.target.querySelector("[data-upload-state]"));
  });
})();
