import { createHash, randomBytes } from 'node:crypto'
import { codeOf, pieceType, tus, TusClient, uploadMetadata } from '../support/http/tus'
import { TestService, type TestAccount } from '../support/http/test-service'

const uploadPatchBytesMax = 2000
const quotaBytes = 1_000_000
let service: TestService
let ada: TestAccount
let bob: TestAccount
let client: TusClient

beforeAll(async () => {
  service = await TestService.start({
    settings: {
      accounts: { quotaBytes },
      files: { uploadPatchBytesMax, uploadPartsMax: 3, uploadMetadataBytesMax: 512 },
    },
  })
  const admin = await service.makeAdmin()
  ada = await service.makeMember(admin, 'ada')
  bob = await service.makeMember(admin, 'bob')
  client = new TusClient(service, ada.token)
})
afterAll(() => service.stop())

type Headers = Record<string, string>
const at = (path: string) => uploadMetadata({ path })

const call = (...args: Parameters<TusClient['call']>) => client.call(...args)
const begin = (...args: Parameters<TusClient['begin']>) => client.begin(...args)
const patch = (...args: Parameters<TusClient['patch']>) => client.patch(...args)
const offsetOf = (location: string) => client.offsetOf(location)

const read = (path: string) => client.read(`ada/${path}`)

test('OPTIONS says what there is, without a token', async () => {
  for (const path of ['/v1/uploads', '/v1/uploads/any']) {
    const answer = await service.call('OPTIONS', path).expect(204)
    expect(answer.get('Tus-Version')).toBe('1.0.0')
    expect(answer.get('Tus-Extension')!.split(',').sort()).toEqual([
      'checksum',
      'concatenation',
      'creation',
      'creation-defer-length',
      'creation-with-upload',
      'expiration',
      'termination',
    ])
    expect(answer.get('Tus-Checksum-Algorithm')).toBe('sha1,sha256,md5')
    expect(Number(answer.get('Tus-Max-Size'))).toBeGreaterThan(0)
    expect(answer.get('Upload-Limit')).toMatch(
      /^max-size=\d+, max-append-size=2000, max-age=86400$/,
    )
  }
  const ofFile = await service.call('OPTIONS', '/v1/files/ada/a').expect(204)
  expect(ofFile.get('Upload-Limit')).toContain('max-size=')
  expect(ofFile.get('Allow')).toContain('PUT')
})

test('a file in pieces: offsets, room, type, metadata, digest and what is answered at the end', async () => {
  const content = randomBytes(3000)
  const metadata = { path: 'runs/ä b.bin', filetype: 'text/x-run', filename: 'x', about: 'weights' }
  const location = await begin(3000, uploadMetadata(metadata))
  expect(await offsetOf(location)).toBe(0)
  const reserved = await service.call('GET', location, ada.token).expect(200)
  expect(reserved.body).toMatchObject({
    ...{ kind: 'file', owner: 'ada', path: 'runs/ä b.bin', length: 3000, offset: 0 },
    ...{ reserved: 3000, contentType: 'text/x-run', metadata: { about: 'weights' }, file: null },
  })

  const first = await patch(location, 0, content.subarray(0, 1000)).expect(204)
  expect(first.get('Upload-Offset')).toBe('1000')
  expect(Date.parse(first.get('Upload-Expires')!)).toBeGreaterThan(service.nowMs)
  expect(first.get('Content-Location')).toBeUndefined()
  await patch(location, 1000, content.subarray(1000, 1000)).expect(204)
  const last = await patch(location, 1000, content.subarray(1000)).expect(204)
  const sha256 = createHash('sha256').update(content).digest()
  expect(last.get('Upload-Offset')).toBe('3000')
  expect(last.get('Content-Location')).toBe('/v1/files/ada/runs/%C3%A4%20b.bin')
  expect(last.get('Repr-Digest')).toBe(`sha-256=:${sha256.toString('base64')}:`)

  const file = await service.call('GET', last.get('Content-Location')!, ada.token).buffer(true)
  expect(file.get('ETag')).toBe(last.get('ETag'))
  expect(file.get('Content-Type')).toContain('text/x-run')
  expect(await offsetOf(location)).toBe(3000)
  const done = await service.call('GET', location, ada.token).expect(200)
  expect(done.body).toMatchObject({
    ...{ offset: 3000, reserved: 0 },
    file: { version: 1, etag: last.get('ETag'), sha256: sha256.toString('hex') },
  })
  // Whoever missed the last answer asks again, and nothing is stored twice.
  await patch(location, 3000, Buffer.alloc(0)).expect(204)
  expect((await patch(location, 0, content.subarray(0, 9))).status).toBe(409)
  const open = await service.call('GET', '/v1/uploads', ada.token).expect(200)
  expect(open.body).toEqual({ uploads: [] })
})

test.each([
  ['no version', 412, 'precondition_failed', { 'Tus-Resumable': '' }],
  ['another version', 412, 'precondition_failed', { 'Tus-Resumable': '0.2.2' }],
  ['no length', 400, 'invalid', { 'Upload-Length': '' }],
  ['a length that is none', 400, 'invalid', { 'Upload-Length': '-1' }],
  ['a length twice', 400, 'invalid', { 'Upload-Defer-Length': '1' }],
  ['another deferral', 400, 'invalid', { 'Upload-Length': '', 'Upload-Defer-Length': '2' }],
  ['no path', 400, 'invalid', { 'Upload-Metadata': 'filetype dGV4dC94' }],
  ['a path that is none', 400, 'invalid', at('../a')],
  ['metadata that is no base64', 400, 'invalid', { 'Upload-Metadata': 'path a%' }],
  ['a name twice', 400, 'invalid', { 'Upload-Metadata': 'path YQ==,path Yg==' }],
  ['metadata that is not UTF-8', 400, 'invalid', { 'Upload-Metadata': 'path /w==' }],
  ['long metadata', 413, 'too_large', { 'Upload-Metadata': `path ${'YWFh'.repeat(200)}` }],
  ['a type that is none', 400, 'invalid', uploadMetadata({ path: 'a', filetype: 'x y' })],
  ['another concatenation', 400, 'invalid', { 'Upload-Concat': 'all' }],
  ['somebody else’s area', 404, 'not_found', uploadMetadata({ path: 'a', owner: 'bob' })],
  ['nobody’s area', 404, 'not_found', uploadMetadata({ path: 'a', owner: 'nobody' })],
  ['a condition that fails', 412, 'precondition_failed', { 'If-Match': '"x"' }],
  ['more than the quota', 507, 'quota_exceeded', { 'Upload-Length': String(quotaBytes + 1) }],
  ['more than a number', 400, 'invalid', { 'Upload-Length': '99999999999999999' }],
] as const)('refuses to begin with %s', async (_name, status, code, headers) => {
  const all: Headers = { ...tus, 'Upload-Length': '5', ...at('a'), ...headers }
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
  const answer = await service.call('POST', '/v1/uploads', ada.token).set(sent)
  expect([answer.status, codeOf(answer)]).toEqual([status, code])
})

describe('an upload that is open', () => {
  let location: string
  beforeEach(async () => {
    location = await begin(1000)
    await patch(location, 0, Buffer.alloc(100)).expect(204)
  })
  afterEach(() => call('DELETE', location))

  test.each([
    ['another offset', 409, { 'Upload-Offset': '99' }],
    ['no offset', 400, { 'Upload-Offset': '' }],
    ['another type', 415, { 'Content-Type': 'application/octet-stream' }],
    ['another version', 412, { 'Tus-Resumable': '2.0.0' }],
    ['another length', 409, { 'Upload-Length': '1001' }],
    ['an unknown checksum', 400, { 'Upload-Checksum': 'crc32 AAAAAA==' }],
    ['a wrong checksum', 460, { 'Upload-Checksum': 'sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
  ] as const)('refuses bytes with %s', async (_name, status, headers) => {
    const all: Headers = { ...tus, ...pieceType, 'Upload-Offset': '100', ...headers }
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
    const answer = await service.call('PATCH', location, ada.token).set(sent).send(Buffer.alloc(10))
    expect(answer.status).toBe(status)
    expect(await offsetOf(location)).toBe(100)
  })

  test('takes no more bytes than it has, nor than a request may have', async () => {
    expect(codeOf(await patch(location, 100, Buffer.alloc(901)))).toBe('too_large')
    expect(codeOf(await patch(location, 100, Buffer.alloc(uploadPatchBytesMax + 1)))).toBe(
      'too_large',
    )
    expect(await offsetOf(location)).toBe(100)
  })

  test('is there for nobody else', async () => {
    for (const method of ['HEAD', 'DELETE', 'GET'])
      expect((await new TusClient(service, bob.token).call(method, location)).status).toBe(404)
    expect(await offsetOf(location)).toBe(100)
  })

  test('is given up, and its room with it', async () => {
    await call('DELETE', location).expect(204)
    await call('HEAD', location).expect(404)
    expect((await patch(location, 100, Buffer.alloc(1))).status).toBe(404)
    const full = await begin(quotaBytes - 5000)
    await call('DELETE', full).expect(204)
  })

  test('is gone when its time is over', async () => {
    service.nowMs += 24 * 3600 * 1000
    const answer = await call('GET', location)
    service.nowMs -= 24 * 3600 * 1000
    expect([answer.status, codeOf(answer)]).toEqual([410, 'gone'])
  })

  test('is reached by POST as well', async () => {
    const override = (verb: string) => ({ 'X-HTTP-Method-Override': verb })
    await call('POST', location, { ...override('PATCH'), ...pieceType, 'Upload-Offset': '100' })
      .send(Buffer.alloc(10))
      .expect(204)
    const head = await call('POST', location, override('HEAD')).expect(200)
    expect(head.get('Upload-Offset')).toBe('110')
    await call('POST', location).expect(405)
    await call('POST', location, override('DELETE')).expect(204)
    await call('HEAD', location).expect(404)
  })
})

test('the first bytes may come at once, and all of them', async () => {
  const content = randomBytes(500)
  const send = (length: number, headers: Headers = {}) =>
    call('POST', '/v1/uploads', {
      ...{ ...at('whole'), ...pieceType, 'Upload-Length': String(length), ...headers },
    }).send(content)
  const whole = await send(500).expect(201)
  expect(whole.get('Upload-Offset')).toBe('500')
  expect(whole.get('Content-Location')).toBe('/v1/files/ada/whole')
  expect((await read('whole')).equals(content)).toBe(true)
  const digest = createHash('md5').update(content).digest('base64')
  const part = await send(600, { 'Upload-Checksum': `md5 ${digest}` }).expect(201)
  expect(await offsetOf(part.get('Location')!)).toBe(500)
  await call('DELETE', part.get('Location')!).expect(204)
  const wrongType = await send(500, { 'Content-Type': 'text/plain' })
  expect(wrongType.status).toBe(415)
})

test('nothing at all is a file too', async () => {
  const answer = await call('POST', '/v1/uploads', { 'Upload-Length': '0', ...at('empty') })
  expect([answer.status, answer.get('Content-Location')]).toEqual([201, '/v1/files/ada/empty'])
  expect((await read('empty')).length).toBe(0)
})

test('the length may be said later, and is reserved from then on', async () => {
  const location = await begin(null, at('later'))
  const head = await call('HEAD', location).expect(200)
  expect(head.get('Upload-Defer-Length')).toBe('1')
  expect(head.get('Upload-Length')).toBeUndefined()
  await patch(location, 0, Buffer.from('hello ')).expect(204)
  const tooMuch = await patch(location, 6, Buffer.from('x'), { 'Upload-Length': '99999999' })
  expect(codeOf(tooMuch)).toBe('quota_exceeded')
  await patch(location, 6, Buffer.from('you'), { 'Upload-Length': '11' }).expect(204)
  const info = await service.call('GET', location, ada.token).expect(200)
  expect(info.body).toMatchObject({ length: 11, offset: 9 })
  await patch(location, 9, Buffer.from('!!')).expect(204)
  expect((await read('later')).toString()).toBe('hello you!!')
})

test('parts are joined without copying them, in the order that is said', async () => {
  const contents = [randomBytes(400), randomBytes(600), randomBytes(10)]
  const parts = await Promise.all(
    contents.map(async (content) => {
      const location = await begin(content.length, { 'Upload-Concat': 'partial' })
      await patch(location, 0, content).expect(204)
      expect((await call('HEAD', location)).get('Upload-Concat')).toBe('partial')
      return location
    }),
  )
  const join = (locations: readonly string[], path = 'joined') =>
    call('POST', '/v1/uploads', {
      ...at(path),
      'Upload-Concat': `final;${locations.join(' ')}`,
    })
  const open = await begin(10, { 'Upload-Concat': 'partial' })
  expect((await join([parts[0]!, open])).status).toBe(409)
  expect((await join([parts[0]!, '/v1/uploads/nothing'])).status).toBe(404)
  expect((await join(['/v1/files/ada/a'])).status).toBe(400)
  expect((await join([...parts, open])).status).toBe(400)
  await call('DELETE', open).expect(204)

  const joined = await join(parts.map((path) => `https://files.example${path}`)).expect(201)
  expect(joined.get('Content-Location')).toBe('/v1/files/ada/joined')
  expect((await read('joined')).equals(Buffer.concat(contents))).toBe(true)
  const head = await call('HEAD', joined.get('Location')!).expect(200)
  expect(head.get('Upload-Length')).toBe('1010')
  expect(head.get('Upload-Concat')).toBe(`final;${parts.join(' ')}`)
  for (const part of parts) await call('HEAD', part).expect(404)
  expect((await patch(joined.get('Location')!, 0, Buffer.alloc(1))).status).toBe(409)
})

test('a right or a condition that is lost on the way is noticed before more bytes are taken', async () => {
  const put = (content: string) =>
    service
      .call('PUT', '/v1/files/ada/guarded', ada.token)
      .type('application/octet-stream')
      .send(content)
  const { headers } = await put('first').expect(201)
  const location = await begin(10, {
    ...at('guarded'),
    'If-Match': (headers as { etag: string }).etag,
  })
  await patch(location, 0, Buffer.from('12345')).expect(204)
  await put('second').expect(200)
  const late = await patch(location, 5, Buffer.from('67890'))
  expect([late.status, codeOf(late)]).toEqual([412, 'precondition_failed'])
  expect(await offsetOf(location)).toBe(5)
  expect((await read('guarded')).toString()).toBe('second')
  await call('DELETE', location).expect(204)
})
