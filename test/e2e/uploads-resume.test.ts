import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { Upload, type UploadOptions } from 'tus-js-client'
import { Client, type Received } from '../support/files/client'
import { pieceType, tus, uploadMetadata } from '../support/http/tus'
import { signIn } from '../support/service/accounts'
import { kill } from '../support/service/process-table'
import { waitUntil } from '../support/service/wait-until'
import { startService, type Service, type ServiceProcess } from '../support/service/start-service'

const mebibyte = 1024 ** 2
const content = randomBytes(16 * mebibyte)
const sha256 = createHash('sha256').update(content).digest('hex')

describe('a stock client behind nginx', () => {
  let service: Service
  let headers: { authorization: string }

  beforeAll(async () => {
    service = await startService({ settings: { files: { uploadFlushBytes: mebibyte } } })
    headers = await signIn(service)
  })
  afterAll(() => service.dispose())

  /** Resolves when the client says that it is done. */
  function upload(path: string, options: Partial<UploadOptions>) {
    return new Promise<void>((resolve, reject) => {
      new Upload(content, {
        endpoint: `${service.url}/v1/uploads`,
        headers,
        metadata: { path, filetype: 'application/octet-stream' },
        retryDelays: Array.from({ length: 100 }, () => 100),
        onSuccess: () => resolve(),
        onError: reject,
        ...options,
      }).start()
    })
  }

  async function digestOf(path: string): Promise<string> {
    const answer = await fetch(`${service.url}/v1/files/root/${path}`, { headers })
    const body = await buffer(Readable.fromWeb(answer.body as never))
    if (!answer.ok) throw new Error(`${answer.status}: ${body.toString()}`)
    return createHash('sha256').update(body).digest('hex')
  }

  async function openUploads(): Promise<{ offset: number }[]> {
    const answer = await fetch(`${service.url}/v1/uploads`, { headers })
    return ((await answer.json()) as { uploads: { offset: number }[] }).uploads
  }

  const roles = ['worker', 'writer', 'nginx'] as const satisfies ServiceProcess['role'][]
  test.each([...roles, 'every worker at once'] as const)(
    'goes on after kill -9 of %s, chunk by chunk',
    async (victim) => {
      let killed = false
      const path = `chunks-${victim.replaceAll(' ', '-')}`
      const onChunkComplete = (_size: number, acceptedBytes: number) => {
        if (killed || acceptedBytes < 6 * mebibyte) return
        killed = true
        const role = victim === 'every worker at once' ? 'worker' : victim
        const pids = service.pids(role)
        for (const pid of victim === role ? pids.slice(0, 1) : pids) kill(pid)
      }
      await upload(path, { chunkSize: 2 * mebibyte, onChunkComplete })
      expect(killed).toBe(true)
      expect(await digestOf(path)).toBe(sha256)
      expect(await openUploads()).toEqual([])
      await service.ready()
    },
  )

  test('goes on after kill -9 of every worker, in one request', async () => {
    let killed = false
    // The rest is not sent before some of it was taken in and the workers are dead.
    async function* withDeathBetween(startByte: number, endByte: number) {
      const middleByte = startByte + 4 * mebibyte
      yield content.subarray(startByte, middleByte)
      await waitUntil('some is taken in', async () => (await openUploads())[0]!.offset >= mebibyte)
      service.pids('worker').forEach(kill)
      killed = true
      yield content.subarray(middleByte, endByte)
    }
    const slice = (startByte: number, endByte: number) => {
      const rest = content.subarray(startByte, endByte)
      const body = killed ? rest : Readable.from(withDeathBetween(startByte, endByte))
      const value = Object.assign(body, { size: rest.length })
      return Promise.resolve({ value, done: true })
    }
    const source = { size: content.length, slice, close: () => undefined }
    await upload('whole', { fileReader: { openFile: () => Promise.resolve(source) } })
    expect(killed).toBe(true)
    expect(await digestOf('whole')).toBe(sha256)
    await service.ready()
  })

  test('joins what it sent side by side', async () => {
    await upload('side-by-side', { parallelUploads: 3 })
    expect(await digestOf('side-by-side')).toBe(sha256)
  })
})

test('of two that come with the same offset one wins, and the bytes are that one’s', async () => {
  const service = await startService()
  try {
    const client = await Client.first(service.url, service.firstAccountToken())
    const bodies = [Buffer.alloc(65_536, 'a'), Buffer.alloc(65_536, 'b')] as const
    const send = (path: string, body: Buffer) =>
      client.send({
        method: 'PATCH',
        path,
        headers: { ...tus, ...pieceType, 'Upload-Offset': '0' },
        body,
      })
    for (let round = 0; round < 200; round++) {
      const begun = await client.send({
        method: 'POST',
        path: '/v1/uploads',
        headers: { ...tus, 'Upload-Length': '65536', ...uploadMetadata({ path: 'raced' }) },
      })
      const path = begun.headers.location!
      const answers = await Promise.all(bodies.map((body) => send(path, body)))
      const winner = requireOneWinner(answers)
      const { body } = await client.send({ method: 'GET', path: '/v1/files/root/raced' })
      expect(body.equals(bodies[winner]!)).toBe(true)
    }
  } finally {
    await service.dispose()
  }
})

/** @returns the index of the one that was taken. */
function requireOneWinner(answers: readonly Received[]): number {
  const statuses = answers.map(({ status }) => status)
  const winner = statuses.indexOf(204)
  const [other] = statuses.filter((_, index) => index !== winner)
  expect(statuses[winner]).toBe(204)
  expect([409, 423]).toContain(other)
  return winner
}
