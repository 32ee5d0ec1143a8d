import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { shortTurns } from '../../webserver/http/middleware/short-turns'
import { noTiming } from '../../webserver/domain/timing'

const busyMs = 3
const regulars = 20
const newcomers = 20

/** Computes, as a query of SQLite does: nothing else happens meanwhile. */
function compute(): void {
  const endsAt = performance.now() + busyMs
  while (performance.now() < endsAt);
}

test('connections that come while others keep the server busy are taken before those had many turns', async () => {
  const app = express()
  app.use((req, _res, next) => {
    req.context = { timing: noTiming } as never
    next()
  }, shortTurns())
  app.get('/', (_req, res) => {
    compute()
    res.end()
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = async (agent: Agent) => {
    const [answer] = (await once(get({ port, agent }), 'response')) as [IncomingMessage]
    await once(answer.resume(), 'end')
  }

  let answered = 0
  let stopping = false
  const agents = Array.from({ length: regulars + newcomers }, () => new Agent({ keepAlive: true }))
  const loops = agents.slice(0, regulars).map(async (agent) => {
    while (!stopping) {
      await ask(agent)
      answered++
    }
  })
  while (answered < 10 * regulars) await ask(agents[0]!)
  const before = answered
  await Promise.all(agents.slice(regulars).map(ask))
  const meanwhile = answered - before
  stopping = true
  await Promise.all(loops)
  agents.forEach((agent) => agent.destroy())
  server.close()
  expect(meanwhile).toBeLessThan(5 * regulars)
})
