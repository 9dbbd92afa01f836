// How a person signs in: a form for name and secret, after which everything that was asked is granted.
const FORM = `<!doctype html><title>Sign in</title>
<form method="post"><input name="name" autofocus><input name="secret" type="password"><button>Sign in</button></form>`;

async function form(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return Object.fromEntries(new URLSearchParams(text));
}

async function grant(provider, details, name) {
  const given = new provider.Grant({ accountId: name, clientId: details.params.client_id });
  given.addOIDCScope(details.params.scope);
  for (const resource of [details.params.resource ?? []].flat()) given.addResourceScope(resource, '');
  return given.save();
}

async function signIn(provider, people, request, response) {
  const details = await provider.interactionDetails(request, response);
  const { name, secret } = await form(request);
  if (!people[name] || people[name].secret !== secret) {
    response.writeHead(401, { 'Content-Type': 'text/html' }).end(FORM);
    return;
  }
  const grantId = await grant(provider, details, name);
  await provider.interactionFinished(request, response, { login: { accountId: name }, consent: { grantId } });
}

/** Returns what answers requests: forms of people here, everything else by the provider. */
export function interactions(provider, people) {
  const others = provider.callback();
  return (request, response) => {
    if (!request.url.startsWith('/interaction/')) return others(request, response);
    if (request.method === 'GET') return response.writeHead(200, { 'Content-Type': 'text/html' }).end(FORM);
    return signIn(provider, people, request, response).catch((error) =>
      response.writeHead(400, { 'Content-Type': 'text/plain' }).end(`${error.message}\n`),
    );
  };
}
