// The login page: look at the password, and fill in a demonstration account with one press.
(() => {
  "use strict";
  document.querySelectorAll("[data-peek]").forEach((button) => {
    const field = document.getElementById(button.dataset.peek);
    button.hidden = false;
    button.addEventListener("click", () => {
      const show = field.type === "password";
      field.type = show ? "text" : "password";
      button.textContent = desk.word(show ? "hide" : "show");
      field.focus();
    });
  });
  document.addEventListener("click", (event) => {
    const pick = event.target.closest("[data-fill-number]");
    if (!pick) return;
    document.getElementById("id_number").value = pick.dataset.fillNumber;
    document.getElementById("id_password").value = pick.dataset.fillPassword;
    document.querySelector(".login-form .btn-pri").focus();
  });
})();
