import { runModel } from '../support/model/run-model'

/** `npm run test:model` does the same with as many operations as one likes. */
describe('whatever several clients do at once is answered as a simple model of files says', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)

  test('by two workers with SQLite', async () => {
    await runModel({ seed, operations: 500, database: 'sqlite', workers: 2 })
  })

  test('by one worker with the JSON database', async () => {
    await runModel({ seed, operations: 250, database: 'debug', workers: 1 })
  })
})
