"use strict";
// Asks without leaving the page, so that the picture and the text stay chosen.
(() => {
  const form = document.querySelector("form.post"), button = form.querySelector("button");
  const answer = document.querySelector("[data-answer]");

  function refuse(reason) {
    const line = document.createElement("p");
    line.className = "warnings";
    line.setAttribute("role", "alert");
    line.textContent = reason;
    answer.replaceChildren(line);
  }

  async function ask() {
    const response = await fetch("/", { method: "POST", body: new FormData(form) });
    const text = await response.text();
    if (!response.headers.get("content-type").startsWith("text/html")) {
      refuse(text);
      return;
    }
    // A parsed document runs no scripts, nor do its nodes that are moved here.
    const page = new DOMParser().parseFromString(text, "text/html");
    answer.replaceChildren(...page.querySelector("[data-answer]").childNodes);
    answer.dispatchEvent(new Event("answered", { bubbles: true }));
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await ask();
    } catch {
      refuse("The server does not answer. Is python -m pipeline serve still running?");
    }
    button.disabled = false;
    answer.scrollIntoView();
  });
})();
