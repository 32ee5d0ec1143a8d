import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fault } from '../../webserver/platform/fault-points'
import { TestService } from '../support/http/test-service'
import { TusClient, uploadMetadata } from '../support/http/tus'

describe('an upload whose commit did not happen', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-faults-'))
  const faultOrders = join(directory, 'order')
  let service: TestService

  beforeAll(async () => {
    service = await TestService.start({ settings: { test: { faultOrders } } })
  })
  afterAll(async () => {
    await service.stop()
    rmSync(directory, { recursive: true })
  })

  // Clients take an offset that is the length for success, and never come back.
  test('is committed before anybody is told that all its bytes are there', async () => {
    const ada = await service.makeMember(await service.makeAdmin(), 'ada')
    const client = new TusClient(service, ada.token)
    const content = randomBytes(100)
    const location = await client.begin(100, uploadMetadata({ path: 'late' }))
    const fault: Fault = { id: 'one', point: 'files.commit:before', pass: 1, action: 'throw' }
    writeFileSync(faultOrders, JSON.stringify(fault))
    await client.patch(location, 0, content).expect(500)
    await service.call('GET', '/v1/files/ada/late', ada.token).expect(404)
    expect(await client.offsetOf(location)).toBe(100)
    const answer = await service.call('GET', '/v1/files/ada/late', ada.token).buffer(true)
    expect(answer.status).toBe(200)
    expect(Buffer.from(answer.body as Buffer).equals(content)).toBe(true)
  })
})
