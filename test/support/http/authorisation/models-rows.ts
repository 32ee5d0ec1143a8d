import type { Row } from './row'

/** Models, and what the service does for the inference protocol. */
export const modelsRows: readonly Row[] = [
  {
    // Those who get through learn that these workers have no primary.
    route: 'GET /v2/models',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/models'),
  },
  {
    route: 'POST /v2/repository/index',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('POST', '/v2/repository/index'),
  },
  {
    route: 'GET /v2/models/stats',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/models/stats'),
  },
  {
    route: 'GET /v2/models/:model/stats',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/models/simple/stats'),
  },
  {
    route: 'GET /v2/models/:model/versions/:version/stats',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/models/simple/versions/1/stats'),
  },
  {
    route: 'GET /v2/systemsharedmemory/status',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/systemsharedmemory/status'),
  },
  {
    route: 'GET /v2/systemsharedmemory/region/:region/status',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/systemsharedmemory/region/r/status'),
  },
  {
    route: 'POST /v2/systemsharedmemory/region/:region/register',
    answers: [401, 403, 403, 503],
    ask: ({ call }) =>
      call('POST', '/v2/systemsharedmemory/region/r/register').send({ key: '/k', byte_size: 1 }),
  },
  {
    route: 'POST /v2/systemsharedmemory/region/:region/unregister',
    answers: [401, 403, 403, 503],
    ask: ({ call }) => call('POST', '/v2/systemsharedmemory/region/r/unregister'),
  },
  {
    route: 'POST /v2/systemsharedmemory/unregister',
    answers: [401, 403, 403, 503],
    ask: ({ call }) => call('POST', '/v2/systemsharedmemory/unregister'),
  },
  {
    route: 'GET /v2/models/:model/config',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/models/m/config'),
  },
  {
    route: 'GET /v2/models/:model/versions/:version/config',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/models/m/versions/1/config'),
  },
  {
    route: 'POST /v2/repository/models/:model/load',
    answers: [401, 403, 403, 503],
    ask: ({ call }) => call('POST', '/v2/repository/models/m/load'),
  },
  {
    route: 'POST /v2/repository/models/:model/unload',
    answers: [401, 403, 403, 503],
    ask: ({ call }) => call('POST', '/v2/repository/models/m/unload'),
  },
  {
    route: 'GET /v2/trace/setting',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/trace/setting'),
  },
  {
    route: 'POST /v2/trace/setting',
    answers: [401, 403, 403, 503],
    ask: ({ call }) => call('POST', '/v2/trace/setting'),
  },
  {
    route: 'GET /v2/models/:model/trace/setting',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/models/simple/trace/setting'),
  },
  {
    route: 'POST /v2/models/:model/trace/setting',
    answers: [401, 403, 403, 503],
    ask: ({ call }) => call('POST', '/v2/models/simple/trace/setting'),
  },
  {
    route: 'GET /v2/logging',
    answers: [401, 503, 503, 503],
    ask: ({ call }) => call('GET', '/v2/logging'),
  },
  {
    route: 'POST /v2/logging',
    answers: [401, 403, 403, 503],
    ask: ({ call }) => call('POST', '/v2/logging'),
  },
]
