// An OpenID Connect provider for tests: each person is a client that gets tokens for itself.
//   node issuer.mjs URL KEYFILE PEOPLEFILE
// PEOPLEFILE: {"alice": {"secret": "…", "groups": ["atlas"]}}. A token is asked for with
// grant_type=client_credentials and resource=urn:audience:NAME[:SECONDS], or by `mlaas4hep login`
// with a device code, which the person confirms with name and secret.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';

import { interactions } from './interactions.mjs';

const [url, keyFile, peopleFile] = process.argv.slice(2);
const people = JSON.parse(readFileSync(peopleFile, 'utf8'));
const lifetime = 3600;

async function signingKey() {
  if (!existsSync(keyFile)) {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' };
    writeFileSync(keyFile, JSON.stringify(key), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(keyFile, 'utf8'));
}

function resource(indicator) {
  const [audience, seconds] = indicator.replace('urn:audience:', '').split(':');
  if (!indicator.startsWith('urn:audience:') || !audience) throw new errors.InvalidTarget();
  return {
    audience,
    scope: '',
    accessTokenFormat: 'jwt',
    accessTokenTTL: Number(seconds ?? lifetime),
    jwt: { sign: { alg: 'RS256' } },
  };
}

const programs = Object.entries(people).map(([name, person]) => ({
  client_id: name,
  client_secret: person.secret,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
}));
const terminal = {
  client_id: 'mlaas4hep-login',
  token_endpoint_auth_method: 'none',
  application_type: 'native',
  grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  redirect_uris: [],
  response_types: [],
};

const provider = new Provider(url, {
  clients: [...programs, terminal],
  findAccount: (_context, name) =>
    people[name] && { accountId: name, claims: () => ({ sub: name, groups: people[name].groups ?? [] }) },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [await signingKey()] },
  extraTokenClaims: (_context, token) => ({ groups: people[token.accountId ?? token.clientId].groups ?? [] }),
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_context, indicator) => resource(indicator),
    },
  },
  ttl: { ClientCredentials: (_context, token) => token.resourceServer?.accessTokenTTL ?? lifetime },
});

// Without a word from the provider a terminal asks again after five seconds (RFC 8628).
provider.use(async (context, next) => {
  await next();
  if (context.oidc?.route === 'device_authorization') context.body.interval = 1;
});

const { hostname, port } = new URL(url);
createServer(interactions(provider, people)).listen(Number(port), hostname);
