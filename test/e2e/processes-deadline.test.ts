import { addSubModel, endlessModel, zerosModel } from '../../perf/bench/models'
import { signIn } from '../support/service/accounts'
import { startService } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }] })

test.each([true, false])(
  'a run past its deadline is answered 504, again and again, and its engine replaced without being counted; nginx: %s',
  async (nginx) => {
    const settings = { cluster: { restartsMax: 1 }, inference: { deadlineMs: 500 } }
    const models = { endless: endlessModel(), simple: addSubModel() }
    const service = await startService({ nginx, settings, models })
    try {
      const headers = { ...(await signIn(service)), 'content-type': 'application/json' }
      const run = { method: 'POST', headers, body }
      for (let round = 0; round < 3; round++) {
        const engines = service.pids('engine')
        const answer = await fetch(`${service.url}/v2/models/endless/infer`, run)
        expect(answer.status).toBe(504)
        expect(await answer.json()).toEqual({
          error: "model 'endless' did not finish within 500 ms",
        })
        expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
        await waitUntil('another engine runs', () => {
          const now = service.pids('engine')
          return now.length === 1 && now[0] !== engines[0]
        })
        await service.ready()
      }
      expect(await service.stop()).toEqual({ code: 0, signal: null })
    } finally {
      await service.dispose()
    }
  },
)

test('a run that asks for more memory than its engine may have fails alone', async () => {
  const settings = { inference: { memoryBytesMax: 4 * 1024 ** 3 } }
  const service = await startService({ nginx: true, settings, models: { zeros: zerosModel() } })
  try {
    const headers = { ...(await signIn(service)), 'content-type': 'application/json' }
    const zeros = (length: number) =>
      fetch(`${service.url}/v2/models/zeros/infer`, {
        method: 'POST',
        headers,
        body: JSON.stringify({
          inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [length] }],
        }),
      })
    const engines = service.pids('engine')
    const refused = await zeros(2 * 1024 ** 3)
    expect(refused.status).toBe(500)
    expect(await refused.json()).toEqual({ error: expect.stringContaining('zeros') as string })
    expect((await zeros(3)).status).toBe(200)
    expect(service.pids('engine')).toEqual(engines)
  } finally {
    await service.dispose()
  }
})
