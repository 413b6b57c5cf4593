// A real oidc-provider for the tests in the directory above.
//
// Its standard input has lines of JSON. The first one says what to serve, as providerConfig in
// oidcprovider_test.go describes it. The answer is one line, {"url": "...", "mtlsURL": "...",
// "user": "...", "refresh": "..."}, where user and refresh are tokens of a user, and mtlsURL is
// where clients present certificates, if there is TLS. Each later line is a key set that takes the
// place of the one before; the answer is an empty line. The program serves until its standard input
// ends.
import { createServer as createPlain } from 'node:http';
import { createServer as createTLS } from 'node:https';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const lines = createInterface({ input: process.stdin }).on('close', () => process.exit())[Symbol.asyncIterator]();
const nextLine = async () => JSON.parse((await lines.next()).value);
const { clients, scopes, audience, jwtAudience, jwks, tls } = await nextLine();
const resources = {
  [audience]: { audience, scope: scopes.join(' '), accessTokenFormat: 'opaque' },
  [jwtAudience]: { audience: jwtAudience, scope: scopes.join(' '), accessTokenFormat: 'jwt' },
};
const lifetimes = Object.fromEntries(clients.map(({ id, lifetime }) => [id, lifetime]));

// Both servers do the same. Only the second one asks for certificates. Without rejectUnauthorized
// each client connects, and the provider decides about its certificate.
const servers = tls ? [createTLS(tls), createTLS({ ...tls, requestCert: true, rejectUnauthorized: false })] : [createPlain()];
await Promise.all(servers.map((server) => new Promise((listening) => { server.listen(0, '127.0.0.1', listening); })));
const [url, mtlsURL] = servers.map((server) => `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`);
const aliases = { token_endpoint: `${mtlsURL}/token`, introspection_endpoint: `${mtlsURL}/token/introspection` };

const configuration = (keys) => ({
  clients: clients.map(({ id, secret, scope, grants, metadata }) => ({
    client_id: id,
    client_secret: secret,
    scope,
    grant_types: grants,
    response_types: [],
    redirect_uris: [],
    ...metadata,
  })),
  jwks: keys,
  discovery: tls ? { mtls_endpoint_aliases: aliases } : {},
  scopes: ['openid', 'offline_access', ...scopes],
  clientAuthMethods: [
    'client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth',
  ],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    jwtIntrospection: { enabled: true },
    mTLS: {
      enabled: true,
      tlsClientAuth: true,
      selfSignedTlsClientAuth: true,
      getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.(),
      certificateAuthorized: (ctx) => ctx.socket.authorized === true,
      certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_subject_dn'
        && ctx.socket.getPeerX509Certificate().subject === expected,
    },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_, indicator) => resources[indicator],
    },
  },
  ttl: { ClientCredentials: (_, { clientId }) => lifetimes[clientId], AccessToken: 3600, RefreshToken: 3600, Grant: 3600 },
});

// A new provider knows no token of the one before: each keeps its own in memory.
let provider;
let serve;
const start = (keys) => {
  provider = new Provider(url, configuration(keys));
  serve = provider.callback();
};
start(jwks);
servers.forEach((server) => server.on('request', (request, response) => serve(request, response)));

// The grants of users need a browser, so their tokens are made here.
const client = await provider.Client.find(clients[0].id);
const grant = new provider.Grant({ accountId: 'alice', clientId: client.clientId });
const grantId = await grant.save();
const scope = scopes[0];
const access = new provider.AccessToken({ accountId: 'alice', client, grantId, scope, gty: 'authorization_code' });
access.resourceServer = new provider.ResourceServer(audience, resources[audience]);
const refresh = new provider.RefreshToken({ accountId: 'alice', client, grantId, scope, gty: 'authorization_code' });

console.log(JSON.stringify({ url, mtlsURL, user: await access.save(), refresh: await refresh.save() }));

for (;;) {
  start(await nextLine());
  console.log();
}
