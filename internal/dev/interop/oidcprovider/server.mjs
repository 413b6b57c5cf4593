// A real oidc-provider for the tests in the directory above.
//
// It reads one line of JSON from its standard input, {"clients": [...], "scopes": [...], "audience": "..."}, writes one
// line, {"url": "...", "user": "...", "refresh": "..."}, where user and refresh are tokens of a user, and serves until its
// standard input ends.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const [line] = await once(createInterface({ input: process.stdin }).on('close', () => process.exit()), 'line');
const { clients, scopes, audience } = JSON.parse(line);
const resource = { audience, scope: scopes.join(' '), accessTokenFormat: 'opaque' };
const lifetimes = Object.fromEntries(clients.map(({ id, lifetime }) => [id, lifetime]));

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(url, {
  clients: clients.map(({ id, secret, scope, grants }) => ({
    client_id: id,
    client_secret: secret,
    scope,
    grant_types: grants,
    response_types: [],
    redirect_uris: [],
  })),
  scopes: ['openid', 'offline_access', ...scopes],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: () => resource,
    },
  },
  ttl: { ClientCredentials: (_, { clientId }) => lifetimes[clientId], AccessToken: 3600, RefreshToken: 3600, Grant: 3600 },
});
server.on('request', provider.callback());

// The grants of users need a browser, so their tokens are made here.
const client = await provider.Client.find(clients[0].id);
const grant = new provider.Grant({ accountId: 'alice', clientId: client.clientId });
const grantId = await grant.save();
const scope = scopes[0];
const access = new provider.AccessToken({ accountId: 'alice', client, grantId, scope, gty: 'authorization_code' });
access.resourceServer = new provider.ResourceServer(audience, resource);
const refresh = new provider.RefreshToken({ accountId: 'alice', client, grantId, scope, gty: 'authorization_code' });

console.log(JSON.stringify({ url, user: await access.save(), refresh: await refresh.save() }));
