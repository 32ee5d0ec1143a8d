import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning } from '../support/service/process-table'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const half = Buffer.alloc(500_000, 'x')

/** An upload of which the first half is sent. */
function beginUpload(service: Service, headers: { authorization: string }): ClientRequest {
  const upload = request(`${service.url}/v1/files/root/slow`, {
    method: 'PUT',
    headers: { ...headers, 'content-length': 2 * half.length },
  })
  upload.write(half)
  return upload
}

function uploadsOf(service: Service): number {
  return readdirSync(join(service.dataDirectory, 'drafts')).length
}

async function isDraining(service: Service): Promise<boolean> {
  const answer = await fetch(`${service.url}/readyz`).catch(() => null)
  return answer === null
}

describe.each([true, false])('SIGTERM with nginx: %s', (nginx) => {
  let service: Service
  afterEach(() => service.dispose())

  test('lets an upload in hand end, and the file is there afterwards', async () => {
    service = await startService({ nginx })
    const headers = await signIn(service)
    const upload = beginUpload(service, headers)
    const answered = once(upload, 'response')
    await waitUntil('the upload has begun', () => uploadsOf(service) > 0)
    service.signal('SIGTERM')
    await waitUntil('new connections are refused', () => isDraining(service))
    upload.end(half)
    const [answer] = (await answered) as [IncomingMessage]
    expect(answer.statusCode).toBe(201)
    expect(await service.exit).toEqual({ code: 0, signal: null })

    const { directory } = service
    service = await startService({ nginx, directory })
    const file = await fetch(`${service.url}/v1/files/root/slow`, { headers })
    expect((await file.arrayBuffer()).byteLength).toBe(2 * half.length)
  })

  test('cuts what does not end in time, and says so with its exit code', async () => {
    const settings = { cluster: { drainTimeoutMs: 300, killTimeoutMs: 3000 } }
    service = await startService({ nginx, settings })
    const upload = beginUpload(service, await signIn(service))
    const failed = once(upload, 'error')
    await waitUntil('the upload has begun', () => uploadsOf(service) > 0)
    expect(await service.stop()).toMatchObject({ code: 1 })
    await failed
  })

  test('a second one ends everything at once', async () => {
    service = await startService({ nginx })
    const upload = beginUpload(service, await signIn(service))
    upload.on('error', () => undefined)
    await waitUntil('the upload has begun', () => uploadsOf(service) > 0)
    const pids = service.allPids()
    service.signal('SIGTERM')
    await waitUntil('new connections are refused', () => isDraining(service))
    service.signal('SIGTERM')
    expect(await service.exit).toEqual({ code: 1, signal: null })
    await waitUntil('all are gone', () => !pids.some(isRunning))
  })
})
