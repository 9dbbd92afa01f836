// Shows what openapi.json says, one line an operation; all texts are set as texts.
"use strict";

function made(tag, text, ...inside) {
  const element = document.createElement(tag);
  element.textContent = text;
  element.append(...inside);
  return element;
}

function row(...cells) {
  return made("tr", "", ...cells.map((cell) => made("td", cell)));
}

function described(method, path, operation) {
  const head = made("summary", "", made("code", `${method.toUpperCase()} ${path}`), ` ${operation.summary}`);
  const rows = (operation.parameters || []).map((each) =>
    row(`${each.name}${each.required ? " (required)" : ""}`, each.in, each.description || ""));
  for (const media of Object.keys((operation.requestBody || { content: {} }).content)) {
    rows.push(row("body", media, ""));
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    const media = Object.keys(answer.content || {}).join(", ") || answer.$ref.split("/").pop();
    rows.push(row(status, media, answer.description || ""));
  }
  const shown = made("details", "", head, made("p", `{"action": "${operation.operationId}"}`), made("table", "", ...rows));
  shown.dataset.text = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase();
  return shown;
}

async function show() {
  const api = await (await fetch("openapi.json")).json();
  const all = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => described(method, path, operation)));
  document.getElementById("operations").append(...all);
  document.getElementById("find").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const each of all) {
      each.hidden = !each.dataset.text.includes(wanted);
    }
  });
}

show();
