import { matMulChainModel } from '../../perf/bench/models'
import { ModelClient } from '../support/service/model-client'
import { residentBytes } from '../support/service/process-table'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

let service: Service
afterEach(() => service.dispose())

const cycles = 50
// Two engines are started in each, and each waits for connections to let go of the one before.
const patienceMs = 15 * 60_000
const width = 256
const request = JSON.stringify({
  inputs: [{ name: 'x', shape: [1, width], datatype: 'FP32', data: Array(width).fill(0.5) }],
})

/** Of all engines, once those that were replaced have ended. */
async function engineMemory(): Promise<number> {
  await waitUntil('one engine is left', () => service.pids('engine').length === 1)
  return service.pids('engine').reduce((sum, pid) => sum + residentBytes(pid), 0)
}

test(
  `${cycles} cycles of load, infer and unload leave the memory as it was`,
  async () => {
    const models = { chain: matMulChainModel(4, width) }
    const settings = { models: { mode: 'explicit' }, cluster: { workers: 1, engines: 1 } } as const
    service = await startService({ models, settings })
    const client = await ModelClient.signIn(service)
    const cycle = async () => {
      expect(await client.load('chain')).toMatchObject({ status: 200 })
      expect((await client.call('POST', '/models/chain/infer', request)).status).toBe(200)
      expect(await client.unload('chain')).toMatchObject({ status: 200 })
    }
    await cycle()
    const before = await engineMemory()
    for (let done = 0; done < cycles; done++) await cycle()
    expect(await engineMemory()).toBeLessThan(1.1 * before)
  },
  patienceMs,
)
