import { createHash, randomBytes } from 'node:crypto'
import { codeOf, TusClient, uploadMetadata } from '../support/http/tus'
import { TestService } from '../support/http/test-service'

let service: TestService
let client: TusClient

beforeAll(async () => {
  service = await TestService.start()
  const ada = await service.makeMember(await service.makeAdmin(), 'ada')
  client = new TusClient(service, ada.token)
})
afterAll(() => service.stop())

const digestOf = (algorithm: string, content: Buffer) =>
  `${algorithm} ${createHash(algorithm).update(content).digest('base64')}`

test.each(['sha1', 'sha256', 'md5'])('a checksum by %s is held against the bytes', async (name) => {
  const content = randomBytes(300)
  const location = await client.begin(300, uploadMetadata({ path: 'summed' }))
  const wrong = await client.patch(location, 0, content, {
    'Upload-Checksum': digestOf(name, content.subarray(1)),
  })
  expect([wrong.status, codeOf(wrong)]).toEqual([460, 'checksum_mismatch'])
  expect(await client.offsetOf(location)).toBe(0)
  await client
    .patch(location, 0, content, { 'Upload-Checksum': digestOf(name, content) })
    .expect(204)
  expect((await client.read('ada/summed')).equals(content)).toBe(true)
})

test.each([
  ['Content-Digest', 'sha-256'],
  ['Repr-Digest', 'sha-512'],
])('%s by %s is held against the bytes of a request', async (field, name) => {
  const content = randomBytes(300)
  const said = (bytes: Buffer) => {
    const digest = createHash(name.replace('-', '')).update(bytes).digest('base64')
    return { [field]: `${name}=:${digest}:` }
  }
  const location = await client.begin(300, uploadMetadata({ path: 'digested' }))
  const wrong = await client.patch(location, 0, content, said(content.subarray(1)))
  expect([wrong.status, codeOf(wrong)]).toEqual([400, 'invalid'])
  expect(await client.offsetOf(location)).toBe(0)
  await client
    .patch(location, 0, content.subarray(0, 200), said(content.subarray(0, 200)))
    .expect(204)
  await client.patch(location, 200, content.subarray(200), said(content.subarray(200))).expect(204)
  expect((await client.read('ada/digested')).equals(content)).toBe(true)
})
