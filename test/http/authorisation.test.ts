import { actors, type Actor, type Row, type Scene } from '../support/http/authorisation/row'
import { keepingRows } from '../support/http/authorisation/keeping-rows'
import { mountedRoutes } from '../support/http/mounted-routes'
import { TestService, password } from '../support/http/test-service'

const account = { password }

/** Role × operation × ownership → code. A route without a row fails the last test. */
const table: Row[] = [
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
    route: 'POST /v1/accounts',
    answers: [403, 403, 403, 201],
    ask: ({ call, owner }) =>
      call('POST', '/v1/accounts').send({ ...account, name: `${owner.name}-2` }),
  },
  {
    route: 'GET /v1/account',
    answers: [401, 200, 200, 200],
    ask: ({ call }) => call('GET', '/v1/account'),
  },
  {
    route: 'PUT /v1/account/password',
    answers: [401, 204, 204, 204],
    ask: ({ call }) =>
      call('PUT', '/v1/account/password').send({
        currentPassword: password,
        newPassword: password,
      }),
  },
  {
    // The admin is the last one.
    route: 'DELETE /v1/account',
    answers: [401, 204, 204, 409],
    ask: ({ call }) => call('DELETE', '/v1/account').send(account),
  },
  {
    route: 'POST /v1/sessions',
    answers: [201, 201, 201, 201],
    ask: ({ call, owner }) => call('POST', '/v1/sessions').send({ ...account, name: owner.name }),
  },
  {
    route: 'GET /v1/sessions',
    answers: [401, 200, 200, 200],
    ask: ({ call }) => call('GET', '/v1/sessions'),
  },
  {
    route: 'DELETE /v1/sessions/:sessionId',
    answers: [401, 204, 404, 404],
    ask: ({ call, otherSessionId }) => call('DELETE', `/v1/sessions/${otherSessionId}`),
  },
  {
    route: 'DELETE /v1/session',
    answers: [401, 204, 204, 204],
    ask: ({ call }) => call('DELETE', '/v1/session'),
  },
  {
    route: 'GET /v1/files',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('GET', `/v1/files?owner=${owner.name}`),
  },
  {
    route: 'GET /v1/files/:owner/*path',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('GET', `/v1/files/${owner.name}/kept`),
  },
  {
    route: 'GET /v1/files/:owner/*path',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('HEAD', `/v1/files/${owner.name}/kept`),
  },
  {
    route: 'PUT /v1/files/:owner/*path',
    answers: [401, 201, 404, 201],
    ask: ({ call, owner }) => call('PUT', `/v1/files/${owner.name}/new`).send('content'),
  },
  {
    route: 'PUT /v1/files/:owner/*path',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('PUT', `/v1/files/${owner.name}/kept`).send('content'),
  },
  {
    route: 'DELETE /v1/files/:owner/*path',
    answers: [401, 204, 404, 204],
    ask: ({ call, owner }) => call('DELETE', `/v1/files/${owner.name}/kept`),
  },
  {
    route: 'GET /v1/archives/:owner.zip',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('GET', `/v1/archives/${owner.name}.zip`),
  },
  {
    route: 'GET /v1/archives/:owner/*path.zip',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) => call('GET', `/v1/archives/${owner.name}/folder.zip`),
  },
  {
    route: 'POST /v1/archives',
    answers: [401, 200, 404, 200],
    ask: ({ call, owner }) =>
      call('POST', '/v1/archives').send({ owner: owner.name, paths: ['kept'] }),
  },
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
  {
    route: 'GET /internal/authorize',
    answers: [401, 204, 204, 204],
    ask: ({ call }) => call('GET', '/internal/authorize'),
  },
  ...keepingRows,
]

describe('who may do what', () => {
  let service: TestService

  beforeAll(async () => {
    // Behind nginx there is one route more.
    service = await TestService.start({ settings: { http: { nginx: true } } })
    await service.makeAdmin()
  })
  afterAll(() => service.stop())

  async function sceneFor(actor: Actor): Promise<Scene> {
    // Anew each time: a cell may have ended the admin's sessions.
    const admin = await service.logIn('root')
    const owner = await service.makeMember(admin)
    const { token } = await service.logIn(owner.name)
    const put = (path: string, content: string) =>
      service.call('PUT', `/v1/files/${owner.name}/${path}`, owner.token).send(content)
    await put('kept', 'earlier').expect(201)
    await put('kept', 'kept').expect(200)
    await put('folder/kept', 'kept').expect(201)
    await put('deleted', 'deleted').expect(201)
    await service.call('DELETE', `/v1/files/${owner.name}/deleted`, owner.token).expect(204)
    const trash = (await service.call('GET', '/v1/trash', owner.token).expect(200)).body as {
      files: { id: string }[]
    }
    const asking: Record<Actor, string | undefined> = {
      anonymous: undefined,
      owner: owner.token,
      stranger: (await service.makeMember(admin)).token,
      admin: admin.token,
    }
    return {
      owner,
      trashedId: trash.files[0]!.id,
      otherSessionId: token.slice(3).split('.')[0]!,
      call: (method, path) => service.call(method, path, asking[actor]),
    }
  }

  const cells = table.flatMap(({ route, answers, ask }) =>
    actors.map((actor, index) => ({ route, actor, status: answers[index]!, ask })),
  )
  test.each(cells)('$route by $actor is answered $status', async ({ actor, status, ask }) => {
    const scene = await sceneFor(actor)
    const answer = await ask(scene)
    expect(answer.status).toBe(status)
    // What was refused has not happened.
    if (status >= 400)
      await service.call('GET', `/v1/files/${scene.owner.name}/kept`, scene.owner.token).expect(200)
  })

  test('every mounted route has a row, and every row a route', () => {
    const rows = [...new Set(table.map(({ route }) => route))].sort()
    expect(rows).toEqual(mountedRoutes(service.server))
  })
})
