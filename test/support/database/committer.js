// One of several processes that commit files at once. Its first message is the settings; it answers `ready` when the
// database does. Its second is the viewer and the commits; it answers how each ended.
const { once } = require('node:events')
const { pathsOf } = require('../../../dist/webserver/config/paths')
const { openDatabase } = require('../../../dist/webserver/database/open-database')

async function main() {
  const [config] = await once(process, 'message')
  const database = await openDatabase({ config, paths: pathsOf(config) })
  await database.accounts.count()
  process.send('ready')
  const [{ viewer, commits }] = await once(process, 'message')
  process.send(await Promise.all(commits.map((args) => endOf(database.files.commit(viewer, args)))))
  await database.close()
  process.disconnect()
}

async function endOf(commit) {
  try {
    return (await commit).created ? 'created' : 'replaced'
  } catch (error) {
    return error.code
  }
}

void main()
