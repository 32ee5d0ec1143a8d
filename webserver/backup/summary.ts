import { bytesText, durationText } from './progress'
import type { BackupSummary } from './run-backup'
import type { RestoreSummary } from './run-restore'
import type { Snapshot } from './target'

const shownMax = 5

export function describeBackup({ target, snapshot, pruned, durationMs }: BackupSummary): string {
  const lines: string[] = []
  if (snapshot !== null) {
    const { database, contents, files } = snapshot.manifest
    const { newCount, newBytes } = snapshot.copied
    lines.push(
      `Backed up and checked: ${target}/snapshots/${snapshot.name}`,
      `  ${database.accounts} accounts, ${database.files} files, ${database.versions} earlier versions, ${database.trash} in the trash`,
      `  ${contents.count} contents, ${bytesText(contents.sizeBytes)}; new in the target: ${newCount}, ${bytesText(newBytes)}`,
      `  ${files.length} other files; ${durationText(durationMs / 1000)} in all`,
    )
  }
  if (pruned !== null)
    lines.push(
      `Deleted ${pruned.snapshots.length} old snapshots and ${pruned.contents} contents that only they used, ${bytesText(pruned.sizeBytes)}.`,
    )
  return `${lines.join('\n')}\n`
}

export function problemsOfBackup({ snapshot, damagedInTarget }: BackupSummary): string[] {
  const damaged = snapshot?.manifest.contents.damaged ?? []
  const problems: string[] = []
  if (damaged.length > 0)
    problems.push(
      `${damaged.length} contents are missing or damaged in the data directory and could not be backed up; everything else was. Run npm run doctor there. ${some(damaged)}`,
    )
  if (damagedInTarget.length > 0)
    problems.push(
      `${damagedInTarget.length} contents were damaged in the target and were removed; those that the data still have were copied anew, earlier snapshots may lack the others. Is its disk failing? ${some(damagedInTarget)}`,
    )
  return problems
}

export function describeRestore({
  snapshot,
  dataDirectory,
  uploadsForgotten,
  durationMs,
}: RestoreSummary): string {
  const { database, contents, files } = snapshot.manifest
  return `Restored ${snapshot.name} to ${dataDirectory} and checked it, in ${durationText(durationMs / 1000)}.
  ${database.accounts} accounts, ${database.files} files, ${database.versions} earlier versions, ${database.trash} in the trash
  ${contents.count} contents, ${bytesText(contents.sizeBytes)}; ${files.length} other files
  ${uploadsForgotten} unfinished uploads were let go of
Serve it: npm start -- --data ${dataDirectory}${database.kind === 'debug' ? ' --database-kind debug --workers 1' : ''}
The settings that the service had are beside the snapshot, in ${snapshot.directory}/cluster.config.ts.
`
}

export function problemsOfRestore({ damaged, knownDamaged }: RestoreSummary): string[] {
  if (damaged.length === 0) return []
  const before = knownDamaged > 0 ? ` (${knownDamaged} of them already when it was taken)` : ''
  return [
    `${damaged.length} contents are missing or damaged in the snapshot${before}: the files that hold them are listed but cannot be read. An earlier snapshot may have them. ${some(damaged)}`,
  ]
}

export function describeSnapshots(snapshots: readonly Snapshot[]): string {
  if (snapshots.length === 0) return 'There is no snapshot.\n'
  const lines = snapshots.map(({ name, manifest: { database, contents } }) => {
    const damaged = contents.damaged.length
    const note = damaged === 0 ? '' : `, ${damaged} contents missing`
    return `${name}  ${database.files} files, ${bytesText(contents.sizeBytes)}${note}`
  })
  return `${lines.join('\n')}\n`
}

function some(digests: readonly string[]): string {
  const rest = digests.length - shownMax
  return `${digests.slice(0, shownMax).join(' ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
