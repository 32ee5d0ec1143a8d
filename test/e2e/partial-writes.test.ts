import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kill } from '../support/service/process-table'
import { signIn, signInAgain } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const page = readFileSync(join(__dirname, '../../notes/partial_writes.md'), 'utf8')
const recipe = /([^\n]+)\n\n```sh\n((?:(?!```).)*)```\n\n```text\n(.*?)```/gs

type Headers = Record<string, string>

describe('changing files in parts', () => {
  let service: Service
  let session: { authorization: string }
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-recipes-'))

  beforeAll(async () => {
    const files = { compactAfterMs: 0, sweepIntervalMs: 1000 }
    service = await startService({ settings: { files } })
    session = await signIn(service)
  })
  afterAll(async () => {
    await service.dispose()
    rmSync(directory, { recursive: true })
  })

  const send = (method: string, path: string, headers: Headers = {}, body?: string | Buffer) =>
    fetch(`${service.url}/v1/files/root/${path}`, {
      method,
      headers: { ...session, ...headers },
      ...(body === undefined ? {} : { body: new Uint8Array(Buffer.from(body)) }),
    })
  const raw = { 'content-type': 'application/octet-stream' }
  const append = (path: string, offset: number, piece: string) =>
    send('PATCH', path, { ...raw, 'upload-offset': String(offset) }, piece)

  test('the recipes of notes/partial_writes.md print what the page shows', async () => {
    const recipes = [...page.matchAll(recipe)].map(([, title, script, shown]) => ({
      ...{ title: title!, script: script!, shown: shown! },
    }))
    expect(recipes.length).toBeGreaterThan(7)
    expect(page.match(/^```(?!text$).+$/gm)).toHaveLength(recipes.length + 1)
    const preamble = /```sh\n(.*?)```/s.exec(page)![1]!.replace('/files/ada', '/files/root')
    const TOKEN = session.authorization.replace('Bearer ', '')
    const env = { ...process.env, LC_ALL: 'C.UTF-8', URL: service.url, TOKEN }
    for (const { script, shown } of recipes) {
      const args = ['-eu', '-o', 'pipefail', '-c', preamble + script]
      const { stdout } = await promisify(execFile)('bash', args, { cwd: directory, env })
      expect(stdout).toBe(shown)
    }
  }, 60_000)

  test('a content in several extents is the same from a worker and, once it is one, from nginx', async () => {
    const first = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251))
    const etag = (await send('PUT', 'ways.bin', raw, first)).headers.get('etag')!
    const sabre = { 'content-type': 'application/x-sabredav-partialupdate', 'if-match': etag }
    const change = { ...sabre, 'x-update-range': 'bytes=50000-50004' }
    const changed = await send('PATCH', 'ways.bin', change, 'HELLO')
    const tag = changed.headers.get('etag')
    const expected = Buffer.from(first)
    expected.write('HELLO', 50_000)

    const look = async (headers: Headers) => {
      const answer = await send('GET', 'ways.bin', headers)
      const bytes = Buffer.from(await answer.arrayBuffer())
      const shown = ['etag', 'content-length', 'content-range', 'last-modified', 'accept-ranges']
      return {
        status: answer.status,
        bytes,
        headers: shown.map((name) => answer.headers.get(name)),
      }
    }
    const asked: Headers[] = [
      {},
      { range: 'bytes=49998-50010' },
      { range: 'bytes=-3', 'if-range': tag! },
    ]
    const before = await Promise.all(asked.map(look))
    const digest = async () => (await send('HEAD', 'ways.bin')).headers.get('repr-digest')
    await waitUntil('the content is one blob', async () => (await digest()) !== null)
    const after = await Promise.all(asked.map(look))

    expect(before[0]).toMatchObject({ status: 200, bytes: expected })
    expect(before[1]).toMatchObject({ status: 206, bytes: expected.subarray(49_998, 50_011) })
    expect(before[2]).toMatchObject({ status: 206, bytes: expected.subarray(-3) })
    expect(after).toEqual(before)
    expect(before[0]!.headers[0]).toBe(tag)
  }, 60_000)

  test('of appends that are killed the file has those that were acknowledged, whole and in order', async () => {
    const names = ['a.log', 'b.log', 'c.log']
    for (const name of names) await send('PUT', name, raw, '')
    let ended = false
    const writing = names.map(async (name) => {
      const acknowledged: string[] = []
      let offset = 0
      for (let count = 0; !ended || count < 20; count++) {
        const piece = `${name} ${count} ${'.'.repeat(count % 50)}\n`
        const answer = await append(name, offset, piece).catch(() => null)
        await answer?.arrayBuffer().catch(() => undefined)
        if (answer?.status === 200) {
          acknowledged.push(piece)
          offset += piece.length
          continue
        }
        // Whether it happened, the size tells.
        await service.ready()
        const size = await sizeOf(name)
        if (size === offset) continue
        expect(size).toBe(offset + piece.length)
        acknowledged.push(piece)
        offset = size
      }
      return acknowledged.join('')
    })
    for (const role of ['worker', 'writer', 'worker', 'writer'] as const) {
      const [victim] = service.pids(role)
      kill(victim!)
      await waitUntil('it is replaced', () => !service.pids(role).includes(victim!))
      await service.ready()
    }
    ended = true
    const contents = await Promise.all(writing)
    session = await signInAgain(service)
    for (const [index, name] of names.entries())
      expect(await (await send('GET', name)).text()).toBe(contents[index])
  }, 120_000)

  /** Asks until somebody answers: processes are killed meanwhile. */
  async function sizeOf(name: string): Promise<number> {
    let size: string | null = null
    await waitUntil('the size is told', async () => {
      const answer = await send('HEAD', name).catch(() => null)
      size = answer?.status === 200 ? answer.headers.get('content-length') : null
      return size !== null
    })
    return Number(size)
  }
})
