import type { Row } from './row'

/** Files, their listing, and archives of them. */
export const fileRows: readonly Row[] = [
  {
    route: 'GET /v1/files',
    answers: [401, 200, 404, 200, 200, 200, 200],
    on: 'folder',
    ask: ({ call, owner }) => call('GET', `/v1/files?owner=${owner.name}&prefix=shared/`),
  },
  {
    route: 'GET /v1/files',
    answers: [401, 200, 200, 200],
    ask: ({ call }) => call('GET', '/v1/files'),
  },
  {
    route: 'GET /v1/files/:owner/*path',
    answers: [401, 200, 404, 200, 200, 200, 200],
    ask: ({ call, file }) => call('GET', `/v1/files/${file}`),
  },
  {
    route: 'GET /v1/files/:owner/*path',
    answers: [401, 200, 404, 200, 200, 200, 200],
    ask: ({ call, file }) => call('HEAD', `/v1/files/${file}`),
  },
  {
    route: 'GET /v1/files/:owner/*path',
    answers: [401, 200, 404, 200, 404, 404, 404],
    ask: ({ call, owner }) => call('GET', `/v1/files/${owner.name}/kept`),
  },
  {
    route: 'PUT /v1/files/:owner/*path',
    answers: [401, 201, 404, 201, 403, 201, 201],
    on: 'folder',
    ask: ({ call, folder }) => call('PUT', `/v1/files/${folder}/new`).send('content'),
  },
  {
    route: 'PUT /v1/files/:owner/*path',
    answers: [401, 200, 404, 200, 403, 200, 200],
    ask: ({ call, file }) => call('PUT', `/v1/files/${file}`).send('content'),
  },
  {
    route: 'DELETE /v1/files/:owner/*path',
    answers: [401, 204, 404, 204, 403, 204, 204],
    ask: ({ call, file }) => call('DELETE', `/v1/files/${file}`),
  },
  {
    // Only who sees everything of the owner's.
    route: 'GET /v1/archives/:owner.zip',
    answers: [401, 200, 404, 200, 404, 404, 404],
    ask: ({ call, owner }) => call('GET', `/v1/archives/${owner.name}.zip`),
  },
  {
    route: 'GET /v1/archives/:owner/*path.zip',
    answers: [401, 200, 404, 200, 200, 200, 200],
    on: 'folder',
    ask: ({ call, folder }) => call('GET', `/v1/archives/${folder}.zip`),
  },
  {
    route: 'POST /v1/archives',
    answers: [401, 200, 404, 200, 200, 200, 200],
    ask: ({ call, owner }) =>
      call('POST', '/v1/archives').send({ owner: owner.name, paths: ['shared/kept'] }),
  },
]
