import type { RequireSpace } from './blobs/disk/free-space'
import { holderOf, identify, isGone } from './cluster/process-identity'
import type { Config } from './config/schema'
import type { BlobStore } from './domain/blob-store'
import type { Database } from './domain/database'
import type { PasswordHasher } from './domain/password-hasher'
import { ArchiveService } from './services/archives/archive-service'
import { BulkService } from './services/bulk-service'
import { FileService } from './services/file-service'
import { GroupService } from './services/group-service'
import { LinkPasswords } from './services/links/link-passwords'
import { LinkService } from './services/links/link-service'
import { LinkVisits } from './services/links/link-visits'
import { InfoService } from './services/info-service'
import { ListingService } from './services/listing-service'
import { SharingService } from './services/sharing-service'
import { SignedUrlService } from './services/signed-url-service'
import { TrashService } from './services/trash-service'
import type { AppendWatch } from './services/uploads/appends'
import { ResumableUploads } from './services/uploads/resumable-uploads'
import { VersionService } from './services/version-service'

/** What the services work with; all of it is closed by who opened it. */
export interface Backends {
  requireSpace: RequireSpace
  database: Database
  blobs: BlobStore
  hasher: PasswordHasher
  /** What URLs are signed with. */
  signingKey: string
}

/** All that is about files and those they are shared with. */
export interface FileServices {
  archives: ArchiveService
  bulk: BulkService
  files: FileService
  groups: GroupService
  info: InfoService
  links: LinkService
  linkVisits: LinkVisits
  listing: ListingService
  sharing: SharingService
  signedUrls: SignedUrlService
  trash: TrashService
  uploads: ResumableUploads
  versions: VersionService
}

export function createFileServices(
  config: Config,
  backends: Backends & { now: () => number; appendWatch: AppendWatch },
): FileServices {
  const { links, signedUrls, sharing } = config
  const use = { ...backends, settings: config.files }
  const uploading = { ...use, holder: holderOf(identify(process.pid)), isGone }
  const [files, listing] = [new FileService(uploading), new ListingService(use)]
  const archives = new ArchiveService(use)
  const passwords = new LinkPasswords({ ...use, settings: links })
  return {
    ...{ archives, files, listing },
    bulk: new BulkService(use),
    groups: new GroupService({ ...use, settings: sharing }),
    info: new InfoService(use),
    links: new LinkService({ ...use, settings: links }),
    linkVisits: new LinkVisits({ ...use, archives, files, listing, passwords, settings: links }),
    sharing: new SharingService({ ...use, settings: sharing }),
    signedUrls: new SignedUrlService({ ...use, files, key: use.signingKey, settings: signedUrls }),
    trash: new TrashService(use),
    uploads: new ResumableUploads(uploading),
    versions: new VersionService(use),
  }
}
