import type { Row } from './row'

/** What the service says of itself. */
export const serviceRows: readonly Row[] = [
  {
    route: 'GET /healthz',
    answers: [200, 200, 200, 200],
    ask: ({ call }) => call('GET', '/healthz'),
  },
  {
    route: 'GET /readyz',
    answers: [200, 200, 200, 200],
    ask: ({ call }) => call('GET', '/readyz'),
  },
  {
    route: 'GET /openapi.json',
    answers: [200, 200, 200, 200],
    ask: ({ call }) => call('GET', '/openapi.json'),
  },
  {
    // There is no primary to ask in these tests.
    route: 'GET /metrics',
    answers: [401, 403, 403, 503],
    ask: ({ call }) => call('GET', '/metrics'),
  },
  {
    route: 'GET /internal/authorize',
    answers: [401, 204, 204, 204],
    ask: ({ call }) => call('GET', '/internal/authorize'),
  },
]
