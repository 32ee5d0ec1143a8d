import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'

const run = promisify(execFile)
const content = Buffer.alloc(3_000_000, 'through nginx ')

describe('links and signed URLs behind nginx', () => {
  let service: Service
  let authorization: string
  const secrets: string[] = []

  beforeAll(async () => {
    service = await startService({ settings: { perf: { level: 'calls' } } })
    authorization = (await signIn(service)).authorization
    const put = { method: 'PUT', headers: { authorization }, body: content }
    expect((await fetch(`${service.url}/v1/files/root/docs/big.bin`, put)).status).toBe(201)
  })
  afterAll(() => service.dispose())

  async function make(path: string, terms: object): Promise<{ id: string; url: string }> {
    const answer = await fetch(service.url + path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ owner: 'root', ...terms }),
    })
    expect(answer.status).toBe(201)
    const made = (await answer.json()) as { id: string; url: string }
    // What follows the public part of a link's token, or the beginning of a signature.
    secrets.push(made.url.split('.')[1]!.slice(0, 20))
    return { ...made, url: service.url + made.url }
  }

  async function curl(...options: string[]): Promise<string> {
    const { stdout } = await run('curl', ['-sS', '-w', '%{http_code}', ...options])
    return stdout
  }

  test('a download with a password that was cut off is continued, and is one use', async () => {
    const link = await make('/v1/links', {
      ...{ folder: 'docs', mode: 'view', password: 'by the sea', usesMax: 1 },
    })
    const file = join(service.directory, 'big.bin')
    const url = `${link.url}/files/big.bin`
    expect(await curl('-o', file, url)).toBe('401')
    // As a client is left by a connection that broke.
    expect(await curl('-u', 'me:by the sea', '-o', file, url)).toBe('200')
    writeFileSync(file, content.subarray(0, 1_000_000))
    expect(await curl('-u', 'me:by the sea', '-C', '-', '-o', file, url)).toBe('206')
    expect(readFileSync(file).equals(content)).toBe(true)
    expect(await curl('-u', 'me:by the sea', '-o', '/dev/null', url)).toBe('410')
  })

  test('files are dropped and not seen again', async () => {
    const { id, url } = await make('/v1/links', { folder: 'inbox', mode: 'upload' })
    const file = join(service.directory, 'report.bin')
    writeFileSync(file, content)
    for (const name of ['report.bin', 'report (2).bin']) {
      const answer = await curl('-T', file, `${url}/files/`)
      expect(JSON.parse(answer.slice(0, -3))).toMatchObject({ path: name, size: content.length })
    }
    expect(await curl('-o', '/dev/null', `${url}/files/report.bin`)).toBe('404')
    const revoked = await fetch(`${service.url}/v1/links/${id}`, {
      method: 'DELETE',
      headers: { authorization },
    })
    expect(revoked.status).toBe(204)
    expect(await curl('-o', '/dev/null', '-T', file, `${url}/files/`)).toBe('404')
  })

  test('a signed URL reads and another writes', async () => {
    const target = { path: 'docs/signed.bin', expiresInS: 60 }
    const write = await make('/v1/signed-urls', { ...target, method: 'PUT' })
    const file = join(service.directory, 'signed.bin')
    writeFileSync(file, content)
    expect(await curl('-o', '/dev/null', '-T', file, write.url)).toBe('201')
    const read = await make('/v1/signed-urls', { ...target, method: 'GET' })
    expect(await curl('-r', '5-8', read.url)).toBe('gh n206')
    expect(await curl('-o', '/dev/null', `${read.url}x`)).toBe('404')
  })

  test('no log has a token, and none a path', async () => {
    await service.stop()
    const logs = filesBelow(service.perfDirectory).map((path) => readFileSync(path, 'utf8'))
    const everything = [service.output, ...logs].join('\n')
    expect(everything).toContain('GET /s/:token/files/*path')
    expect(everything).toContain('PUT /d/:token')
    for (const secret of [...secrets, 'big.bin', 'report', 'by the sea'])
      expect(everything.includes(secret)).toBe(false)
  })
})

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
}
