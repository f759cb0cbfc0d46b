"use strict";
(() => {
  const links = Array.from(document.querySelectorAll(".photos > li > a"));
  const dialog = document.querySelector("dialog");
  if (!dialog.showModal) return; // an old browser opens the photo itself
  const [image, said, download] = ["img", "p", "nav a"].map((one) => dialog.querySelector(one));
  let at = 0;
  const show = (place) => {
    at = (place + links.length) % links.length;
    const words = links[at].querySelector("img").alt;
    image.src = download.href = links[at].getAttribute("href");
    image.alt = words;
    said.textContent = words;
  };
  links.forEach((link, place) => link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(place);
    dialog.showModal();
  }));
  dialog.addEventListener("click", (event) => {
    const { step, close } = event.target.dataset;
    if (step) show(at + Number(step));
    if (close !== undefined || event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) show(at + step);
  });
  dialog.addEventListener("close", () => links[at].focus());
})();
