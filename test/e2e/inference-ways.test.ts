import { signIn } from '../support/service/accounts'
import {
  bodyBytesMax,
  inferenceCases,
  inferenceModels,
  type InferenceCase,
} from '../support/service/inference-cases'
import { startService, type Service } from '../support/service/start-service'

interface Way {
  service: Service
  authorization: Record<string, string>
}

interface Answer {
  status: number
  headers: Record<string, string | null>
  body: Buffer
}

// What a client reads of an answer; the id of a request is its own each time.
const compared = [
  'content-type',
  'content-length',
  'content-encoding',
  'inference-header-content-length',
  'www-authenticate',
]

async function open(nginx: boolean): Promise<Way> {
  const settings = { inference: { bodyBytesMax } }
  const service = await startService({ nginx, settings, models: inferenceModels })
  return { service, authorization: await signIn(service) }
}

async function ask({ service, authorization }: Way, one: InferenceCase): Promise<Answer> {
  const { method = 'GET', path, body, headers, withoutToken = false } = one
  const answer = await fetch(service.url + path, {
    method,
    headers: { ...(withoutToken ? {} : authorization), ...headers },
    ...(body === undefined ? {} : { body }),
  })
  expect(answer.headers.get('x-request-id')).toMatch(/^[\w.-]{1,64}$/)
  return {
    status: answer.status,
    headers: Object.fromEntries(compared.map((name) => [name, answer.headers.get(name)])),
    body: Buffer.from(await answer.arrayBuffer()),
  }
}

describe('/v2', () => {
  let throughNginx: Way
  let throughWorker: Way

  beforeAll(async () => {
    throughNginx = await open(true)
    throughWorker = await open(false)
  })
  afterAll(async () => {
    await throughNginx.service.dispose()
    await throughWorker.service.dispose()
  })

  test.each(inferenceCases)(
    'answers alike through nginx and through a worker: $name',
    async (one) => {
      const answer = await ask(throughNginx, one)
      expect(answer.status).toBe(one.status)
      if (one.says instanceof RegExp) expect(answer.body.toString()).toMatch(one.says)
      else expect(answer.body.toString()).toContain(one.says ?? '')
      expect(await ask(throughWorker, one)).toEqual(answer)
    },
  )
})
