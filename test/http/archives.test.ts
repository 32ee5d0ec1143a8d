import { createHash } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import type { Test } from 'supertest'
import { readZip } from '../support/files/read-zip'
import { TestService, type TestAccount } from '../support/http/test-service'

const files = {
  'trip/day 1/ü.txt': 'eins',
  'trip/day 1/empty': '',
  'trip/day 2': 'a file',
  'trip/day 2/a': 'below a folder of that name',
  'trip.txt': 'beside',
  'notes/C:x': 'no drive',
}

// supertest would take a zip for text.
const whole = (test: Test): Promise<{ headers: Record<string, string>; body: Buffer }> =>
  test.buffer(true).parse((res, done) => {
    const body = buffer(res as unknown as Readable)
    void body.then((read) => done(null, read)).catch((error: unknown) => done(error as Error, null))
  })

const namesIn = (zip: Buffer) => readZip(zip).map(({ name }) => name)

describe('archives', () => {
  let service: TestService
  let alice: TestAccount
  let bob: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ settings: { files: { archiveFilesMax: 6 } } })
    const admin = await service.makeAdmin()
    alice = await service.makeMember(admin, 'alice')
    bob = await service.makeMember(admin, 'bob')
    for (const [path, content] of Object.entries(files)) await put(path, content)
  })
  afterAll(() => service.stop())

  const put = (path: string, content: string, { name, token } = alice) =>
    service
      .call('PUT', encodeURI(`/v1/files/${name}/${path}`), token)
      .send(content)
      .expect(201)
  const get = (path: string, { token } = alice) => service.call('GET', encodeURI(path), token)
  const select = (paths: string[], { token } = alice) =>
    service.call('POST', '/v1/archives', token).send({ owner: 'alice', paths })

  test('a folder is a zip of all below it, of a length that was said', async () => {
    const { headers, body } = await whole(get('/v1/archives/alice/trip.zip').expect(200))
    expect(headers).toMatchObject({
      'content-type': 'application/zip',
      'content-length': String(body.length),
      'content-disposition': 'attachment; filename="trip.zip"',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
    })
    const zipped = readZip(body)
    expect(Object.fromEntries(zipped.map((file) => [file.name, file.content.toString()]))).toEqual({
      'trip/day 1/ü.txt': 'eins',
      'trip/day 1/empty': '',
      'trip/day 2~': 'a file',
      'trip/day 2/a': 'below a folder of that name',
    })
    const listed = (await get('/v1/files?owner=alice&prefix=trip/day 1/ü').expect(200)).body as {
      files: { updatedAt: string }[]
    }
    const { modifiedAtS } = zipped.find(({ name }) => name.endsWith('ü.txt'))!
    expect(modifiedAtS).toBe(Math.floor(Date.parse(listed.files[0]!.updatedAt) / 1000))
  })

  test('all of an owner is a zip', async () => {
    const { headers, body } = await whole(get('/v1/archives/alice.zip').expect(200))
    expect(headers['content-disposition']).toBe('attachment; filename="alice.zip"')
    expect(namesIn(body)).toEqual([
      'alice/notes/C:x',
      'alice/trip.txt',
      'alice/trip/day 1/empty',
      'alice/trip/day 1/ü.txt',
      'alice/trip/day 2~',
      'alice/trip/day 2/a',
    ])
  })

  test('a selection lies below what its parts have in common, each file once', async () => {
    const { headers, body } = await whole(
      select(['trip/day 1', 'trip/day 1/empty', 'trip/day 2/', 'trip/day 2']).expect(200),
    )
    expect(headers['content-disposition']).toBe('attachment; filename="trip.zip"')
    expect(headers['content-length']).toBe(String(body.length))
    expect(namesIn(body)).toEqual(['day 1/empty', 'day 1/ü.txt', 'day 2/a', 'day 2~'])
    expect(namesIn((await whole(select(['notes/C:x']).expect(200))).body)).toEqual(['C_x'])
  })

  test.each([
    ['a folder of nothing', '/v1/archives/alice/none.zip'],
    ['a file', '/v1/archives/alice/trip.txt.zip'],
    ['an owner without files', '/v1/archives/bob.zip'],
    ['no owner', '/v1/archives/nobody.zip'],
    ['a name without .zip', '/v1/archives/alice/trip'],
  ])('there is none of %s', async (_name, path) => {
    await get(path, path.includes('bob') ? bob : alice).expect(404)
  })

  test('a selection with a path that names nothing is refused, and so are paths that are none', async () => {
    await select(['trip', 'none']).expect(404)
    await select(['trip.txt/']).expect(404)
    for (const path of ['', '/', '../a', 'a//b', '/trip']) await select([path]).expect(400)
    await select([]).expect(400)
  })

  test('more files than an archive may hold are refused', async () => {
    for (let index = 0; index < 7; index++) await put(`many/${index}`, 'x', bob)
    const { body } = (await get('/v1/archives/bob/many.zip', bob).expect(413)) as {
      body: Record<string, unknown>
    }
    expect(body).toMatchObject({ code: 'too_large', detail: 'An archive holds at most 6 files' })
  })

  test('the length is known without the content, and the tag changes with any file', async () => {
    const path = '/v1/archives/alice/trip.zip'
    const { headers } = await get(path).expect(200)
    const head = await service.call('HEAD', path, alice.token).expect(200)
    expect(head.headers['content-length']).toBe(headers['content-length'])
    expect(head.headers['etag']).toBe(headers['etag'])
    await get(path).set('If-None-Match', headers['etag']!).expect(304)
    await get(path).set('If-Match', '"x"').expect(412)
    service.nowMs += 1000
    await service
      .call('PUT', encodeURI('/v1/files/alice/trip/day 1/empty'), alice.token)
      .expect(200)
    await get(path).set('If-None-Match', headers['etag']!).expect(200)
  })

  test('an archive that broke off is resumed', async () => {
    const path = '/v1/archives/alice/trip.zip'
    const { headers, body } = await whole(get(path).expect(200))
    const rest = get(path).set('Range', 'bytes=100-').set('If-Range', headers['etag']!).expect(206)
    const resumed = await whole(rest)
    expect(resumed.headers['content-range']).toBe(`bytes 100-${body.length - 1}/${body.length}`)
    expect(resumed.body.equals(body.subarray(100))).toBe(true)
    const other = await whole(get(path).set('Range', 'bytes=100-').set('If-Range', '"x"'))
    expect(other.body.equals(body)).toBe(true)
  })

  test('a content that is gone breaks the connection, rather than end in a wrong zip', async () => {
    await put('lost/a', 'x'.repeat(1_000_000))
    await put('lost/b', 'y'.repeat(10))
    const sha256 = createHash('sha256').update('y'.repeat(10)).digest('hex')
    await unlink(join(service.scratch.paths.blobs, sha256.slice(0, 2), sha256))
    await expect(whole(get('/v1/archives/alice/lost.zip'))).rejects.toThrow()
  })
})
