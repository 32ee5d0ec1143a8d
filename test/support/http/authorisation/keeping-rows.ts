import type { Row } from './row'

/** Versions and the trash. */
export const keepingRows: readonly Row[] = [
  {
    route: 'GET /v1/files/:owner/*path',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('GET', `/v1/files/${owner.name}/kept?version=1`),
  },
  {
    route: 'DELETE /v1/files/:owner/*path',
    answers: [401, 204, 404, 204],
    ask: ({ call, owner }) => call('DELETE', `/v1/files/${owner.name}/kept?permanent=true`),
  },
  {
    route: 'GET /v1/versions/:owner/*path',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('GET', `/v1/versions/${owner.name}/kept`),
  },
  {
    route: 'POST /v1/versions/:owner/*path',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('POST', `/v1/versions/${owner.name}/kept`).send({ version: 1 }),
  },
  {
    route: 'DELETE /v1/versions/:owner/*path',
    answers: [401, 204, 404, 204],
    ask: ({ call, owner }) => call('DELETE', `/v1/versions/${owner.name}/kept?version=1`),
  },
  {
    route: 'GET /v1/trash',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('GET', `/v1/trash?owner=${owner.name}`),
  },
  {
    route: 'POST /v1/trash/:id/restore',
    answers: [401, 200, 404, 200],
    ask: ({ call, trashedId }) => call('POST', `/v1/trash/${trashedId}/restore`).send({}),
  },
  {
    route: 'DELETE /v1/trash/:id',
    answers: [401, 204, 404, 204],
    ask: ({ call, trashedId }) => call('DELETE', `/v1/trash/${trashedId}`),
  },
  {
    route: 'DELETE /v1/trash',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('DELETE', `/v1/trash?owner=${owner.name}`),
  },
]
