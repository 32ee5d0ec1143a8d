import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOfFile, Downloader } from '../support/files/downloader'
import { readZip } from '../support/files/read-zip'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'

const sizeBytes = 64 * 1024 ** 2
const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex')

describe.each([true, false])('people download with programs, with nginx: %s', (nginx) => {
  const content = randomBytes(sizeBytes)
  let service: Service
  let headers: { authorization: string }
  let directory: string

  beforeAll(async () => {
    service = await startService({ nginx })
    headers = await signIn(service)
    await put('large.bin', content)
  })
  afterAll(() => service.dispose())
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'gristmill-downloads-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const urlOf = (path: string) => `${service.url}${path}`
  const large = () => urlOf('/v1/files/root/large.bin')
  const run = (program: string, ...args: string[]) => new Downloader(program, args, directory)
  const signedIn = () => `Authorization: ${headers.authorization}`
  const curl = (...args: string[]) => run('curl', '-sSf', '-H', signedIn(), ...args)
  const wget = (...args: string[]) => run('wget', '-q', '-t1', '--header', signedIn(), ...args)
  const aria2 = (...args: string[]) =>
    run('aria2c', '-q', '-x4', '-s4', '-k1M', '--header', signedIn(), ...args)
  const digest = (file: string) => digestOfFile(join(directory, file))

  /** @returns the entity tag. */
  async function put(name: string, body: Buffer): Promise<string> {
    const answer = await fetch(urlOf(`/v1/files/root/${name}`), { method: 'PUT', headers, body })
    expect(answer.ok).toBe(true)
    return answer.headers.get('etag')!
  }

  test('curl resumes a download that was cut', async () => {
    await curl('--limit-rate', '4M', '-o', 'part', large()).cutOff('part')
    expect(statSync(join(directory, 'part')).size).toBeLessThan(sizeBytes)
    await curl('-C', '-', '-o', 'part', large()).succeeded()
    expect(await digest('part')).toBe(digestOf(content))
  })

  test('curl reads parts at once', async () => {
    const quarter = sizeBytes / 4
    const parts = [0, 1, 2, 3].map((index) => {
      const range = `${index * quarter}-${(index + 1) * quarter - 1}`
      return curl('-r', range, '-o', `part-${index}`, large()).succeeded()
    })
    await Promise.all(parts)
    const read = [0, 1, 2, 3].map((index) => readFileSync(join(directory, `part-${index}`)))
    expect(digestOf(Buffer.concat(read))).toBe(digestOf(content))
  })

  test('aria2 reads with four connections, and checks the digest', async () => {
    await aria2(`--checksum=sha-256=${digestOf(content)}`, '-o', 'whole', large()).succeeded()
    expect(await digest('whole')).toBe(digestOf(content))
  })

  test('aria2 resumes a download that was cut', async () => {
    await aria2('--max-download-limit=4M', '-o', 'part', large()).cutOff('part.aria2')
    await aria2('-c', '-o', 'part', large()).succeeded()
    expect(await digest('part')).toBe(digestOf(content))
  })

  test('wget resumes a download that was cut', async () => {
    await wget('--limit-rate=4m', '-O', 'part', large()).cutOff('part')
    await wget('-c', '-O', 'part', large()).succeeded()
    expect(await digest('part')).toBe(digestOf(content))
  })

  test('an archive is resumed like a file', async () => {
    const archive = urlOf('/v1/archives/root.zip')
    await curl('--limit-rate', '4M', '-o', 'all.zip', archive).cutOff('all.zip')
    await curl('-C', '-', '-o', 'all.zip', archive).succeeded()
    const [file] = readZip(readFileSync(join(directory, 'all.zip')))
    expect(digestOf(file!.content)).toBe(digestOf(content))
  })

  describe('while the file is replaced', () => {
    const [before, after] = [content.subarray(0, sizeBytes / 4), content.subarray(-sizeBytes / 4)]
    let etag: string

    beforeEach(async () => {
      etag = await put('replaced.bin', before)
    })
    const replace = () => put('replaced.bin', after)
    const replaced = () => urlOf('/v1/files/root/replaced.bin')

    test('a download goes on with what it began with', async () => {
      const running = curl('--limit-rate', '4M', '-o', 'whole', replaced())
      await running.begun('whole')
      await replace()
      await running.succeeded()
      expect(await digest('whole')).toBe(digestOf(before))
    })

    // Without a condition no server could know. wget and aria2 take a whole that answers If-Range for the rest.
    test.each([
      ['curl', () => curl('-H', `If-Range: ${etag}`, '-C', '-', '-o', 'part', replaced())],
      ['wget', () => wget('--header', `If-Match: ${etag}`, '-c', '-O', 'part', replaced())],
      ['aria2', () => aria2('--header', `If-Match: ${etag}`, '-c', '-o', 'part', replaced())],
    ])('%s resumes nothing that is of another content', async (_name, resume) => {
      writeFileSync(join(directory, 'part'), before.subarray(0, before.length / 2))
      await replace()
      expect(await resume().ended()).not.toBe(0)
      const kept = readFileSync(join(directory, 'part'))
      expect(kept.equals(before.subarray(0, kept.length))).toBe(true)
    })

    test('aria2 never mixes two from its four connections', async () => {
      const condition = `If-Range: ${etag}`
      const limit = '--max-download-limit=4M'
      const running = aria2('--header', condition, limit, '-o', 'whole', replaced())
      await running.begun('whole.aria2')
      await replace()
      if ((await running.ended()) === 0) expect(await digest('whole')).toBe(digestOf(before))
    })
  })
})
