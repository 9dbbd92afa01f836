// Fetches a model with the viewer's own rights and hands it to Netron.
// The token comes from the form or from `#token=…`, which browsers do not send to servers.
"use strict";

const at = (id) => document.getElementById(id);

function ask(why) {
  at("why").textContent = why;
  at("ask").style.display = "block";
}

async function show(model, token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`model?model=${encodeURIComponent(model)}`, { headers });
  if (!answer.ok) {
    const problem = await answer.json();
    ask(problem.error);
    return;
  }
  const file = answer.headers.get("X-File");
  const url = URL.createObjectURL(await answer.blob());
  const query = new URLSearchParams({ url, identifier: file });
  at("ask").style.display = "none";
  at("graph").src = `app/index.html?${query}`;
  at("graph").hidden = false;
}

const model = new URLSearchParams(location.search).get("model") || "";
const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
history.replaceState(null, "", location.pathname + location.search);
at("model").value = model;
at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  show(at("model").value, at("token").value);
});
if (model) {
  show(model, token);
} else {
  ask("");
}
