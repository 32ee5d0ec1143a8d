import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretFile } from '../../webserver/platform/secret-file'

describe('the file of a one-time secret', () => {
  let directory: string
  let file: SecretFile

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gristmill-secret-'))
    file = new SecretFile(join(directory, 'secret'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  test('is made once, for its owner only', async () => {
    const secret = await file.ensure()
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
    expect(await file.ensure()).toBe(secret)
    expect(await file.read()).toBe(secret)
    expect((await stat(file.path)).mode & 0o777).toBe(0o600)
    expect(await readFile(file.path, 'utf8')).toBe(`${secret}\n`)
  })

  test('is gone when removed, also twice', async () => {
    await file.ensure()
    await file.remove()
    await file.remove()
    expect(await file.read()).toBeNull()
  })

  test('that a crash left empty is made anew', async () => {
    await writeFile(file.path, '', { mode: 0o644 })
    expect(await file.read()).toBeNull()
    const secret = await file.ensure()
    expect(await file.read()).toBe(secret)
    expect((await stat(file.path)).mode & 0o777).toBe(0o600)
  })
})
