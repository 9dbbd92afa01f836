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
  const file = new File([await answer.blob()], answer.headers.get("X-File"));
  at("ask").style.display = "none";
  at("graph").hidden = false;
  at("graph").onload = () => whenReady(at("graph").contentDocument, file);
  at("graph").src = "app/index.html";
}

// Netron says "welcome" when it waits for a file; it then gets one as if it was chosen by hand.
function whenReady(netron, file) {
  const look = () => {
    if (netron.body.className !== "welcome") {
      return false;
    }
    const chosen = new DataTransfer();
    chosen.items.add(file);
    const dialog = netron.getElementById("open-file-dialog");
    dialog.files = chosen.files;
    dialog.dispatchEvent(new Event("change"));
    return true;
  };
  const watch = new MutationObserver(() => look() && watch.disconnect());
  watch.observe(netron.body, { attributes: true, attributeFilter: ["class"] });
  if (look()) {
    watch.disconnect();
  }
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
