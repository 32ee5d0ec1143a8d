import type { Database } from '../../webserver/domain/database'
import { bulkOf, keyAt, operation } from '../support/database/bulk-requests'
import { addAccount, commitOf, viewerOf } from '../support/database/fixtures'
import type { ScratchDatabase } from '../support/database/scratch-database'

const rounds = 200

export function bulkRacesContract(
  opened: () => { scratch: ScratchDatabase; database: Database },
): void {
  it('lose nothing when files are moved and written at once', async () => {
    const { scratch, database } = opened()
    const other = await scratch.open()
    const ann = viewerOf(await addAccount(database, 'ann'))
    for (let round = 0; round < rounds; round++) {
      const [from, to] = [`${round}/a`, `${round}/b`]
      const { file } = await database.files.commit(ann, commitOf('ann', from, 'old'))
      const move = bulkOf([operation('move', `ann:${from}`, `ann:${to}`)])
      const write = commitOf('ann', from, 'new!', { versionsKept: 1 })
      // Which of the two comes first is for the writer to say.
      const asked = [() => database.files.bulk(ann, move), () => other.files.commit(ann, write)]
      if (round % 2 === 1) asked.reverse()
      await Promise.all(asked.map((ask) => ask()))
      const moved = await database.files.find(ann, keyAt(`ann:${to}`))
      const written = await database.files.find(ann, keyAt(`ann:${from}`))
      expect(moved?.id).toBe(file.id)
      // Written before it moved it is the moved file's second version; after, a file of its own.
      if (moved!.version === 2) expect(written).toBeNull()
      else expect(written).toMatchObject({ version: 1, sizeBytes: 4 })
    }
  })

  it('give one file to one of many who take it', async () => {
    const { scratch, database } = opened()
    const ann = viewerOf(await addAccount(database, 'ann'))
    const others = await Promise.all([scratch.open(), scratch.open()])
    await database.files.commit(ann, commitOf('ann', 'a', 'one'))
    const ends = await Promise.allSettled(
      [database, ...others].map(({ files }, index) =>
        files.bulk(ann, bulkOf([operation('move', 'ann:a', `ann:b${index}`)])),
      ),
    )
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
}
