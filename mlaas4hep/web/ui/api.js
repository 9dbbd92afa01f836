// swagger-ui with our own description; calls go to where this page comes from, as who is signed in.
"use strict";

const page = { "X-MLaaS4HEP-Page": "1" };
const token = sessionStorage.getItem("mlaas4hep-token"); // as in server.js
if (token) page.Authorization = `Bearer ${token}`;

fetch("../openapi.json").then(async (answer) => {
  const spec = await answer.json();
  const before = location.pathname.replace(/(\/function\/workflow(\.[\w-]+)?)?\/ui\/api\.html$/, "");
  spec.servers = [{ url: location.origin + before, description: "here" }];
  window.SwaggerUIBundle({
    spec,
    domNode: document.getElementById("api"),
    deepLinking: false,
    validatorUrl: null,
    docExpansion: "none",
    filter: true,
    requestInterceptor: (request) => ({ ...request, headers: { ...page, ...request.headers } }),
  });
});
