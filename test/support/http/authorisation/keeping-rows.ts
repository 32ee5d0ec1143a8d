import type { Row } from './row'

/** Versions and the trash. */
export const keepingRows: readonly Row[] = [
  {
    route: 'GET /v1/files/:owner/*path',
    answers: [401, 200, 404, 200, 200, 200, 200],
    hasPast: true,
    ask: ({ call, file }) => call('GET', `/v1/files/${file}?version=1`),
  },
  {
    // What cannot be taken back needs more than what can.
    route: 'DELETE /v1/files/:owner/*path',
    answers: [401, 204, 404, 204, 403, 403, 204],
    hasPast: true,
    ask: ({ call, file }) => call('DELETE', `/v1/files/${file}?permanent=true`),
  },
  {
    route: 'GET /v1/versions/:owner/*path',
    answers: [401, 200, 404, 200, 200, 200, 200],
    hasPast: true,
    ask: ({ call, file }) => call('GET', `/v1/versions/${file}`),
  },
  {
    route: 'POST /v1/versions/:owner/*path',
    answers: [401, 200, 404, 200, 403, 200, 200],
    hasPast: true,
    ask: ({ call, file }) => call('POST', `/v1/versions/${file}`).send({ version: 1 }),
  },
  {
    route: 'DELETE /v1/versions/:owner/*path',
    answers: [401, 204, 404, 204, 403, 403, 204],
    hasPast: true,
    ask: ({ call, file }) => call('DELETE', `/v1/versions/${file}?version=1`),
  },
  {
    route: 'GET /v1/trash',
    answers: [401, 200, 404, 200],
    hasPast: true,
    ask: ({ call, owner }) => call('GET', `/v1/trash?owner=${owner.name}`),
  },
  {
    route: 'POST /v1/trash/:id/restore',
    answers: [401, 200, 404, 200],
    hasPast: true,
    ask: ({ call, trashedId }) => call('POST', `/v1/trash/${trashedId}/restore`).send({}),
  },
  {
    route: 'DELETE /v1/trash/:id',
    answers: [401, 204, 404, 204],
    hasPast: true,
    ask: ({ call, trashedId }) => call('DELETE', `/v1/trash/${trashedId}`),
  },
  {
    route: 'DELETE /v1/trash',
    answers: [401, 200, 404, 200],
    hasPast: true,
    ask: ({ call, owner }) => call('DELETE', `/v1/trash?owner=${owner.name}`),
  },
]
