/** A folder of images: classes as folders, or a table beside the images, or no labels at all. */
import { type Dirent, lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join, sep } from "node:path";
import { tryFile } from "./_files.ts";
import { quote } from "./strict_json.ts";

export interface ImageFolder {
  /** For provenance: the folder's own name, without its path. */
  readonly name: string;
  /** Absolute paths, in order. */
  readonly files: readonly string[];
  /** Class of each file; null where nothing tells. */
  readonly labels: Uint16Array | null;
  /** Images of the folder that these are a part of. @default they are all */
  readonly outOf?: number;
}

/** Beside flat images: columns `file` and `class`, a line for each image; other columns are not read. */
const TABLE = "labels.csv";

const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

/**
 * Lists a folder's images.
 *
 * With a `labels.csv` beside them, those that it names, in its order. Else the images of every folder within, whose
 * names in order are the classes 0, 1, …; there must be as many as the network has. Else the images themselves, unlabelled.
 *
 * @param classCount Of the network.
 * @throws {RangeError} If there is no image, a label is out of range, or a name leads out of the folder.
 * @throws {TypeError} If the table lacks a column, or names what is not there.
 * @throws {FileError} If the folder cannot be read.
 */
export function listImageFolder(root: string, classCount: number): ImageFolder {
  const action = `Cannot read ${root}: it must be a folder of images`;
  const real = tryFile(action, root, () => realpathSync(root));
  const entries = tryFile(action, root, () => readdirSync(real, { withFileTypes: true })).sort(byName);
  const name = basename(real);
  if (entries.some((entry) => entry.name === TABLE)) return { name, ...tableImages(root, real, classCount) };
  const folders = entries.filter((entry) => isFolder(real, entry));
  const labelled = folders.length === 0 ? null : classImages(root, real, folders, classCount);
  const files = labelled?.files ?? imagesIn(root, real, real, entries);
  if (files.length === 0) throw new RangeError(`Cannot use ${root}: it must hold images, it holds none`);
  return { name, files, labels: labelled?.labels ?? null };
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}

function isFolder(parent: string, entry: Dirent): boolean {
  if (entry.name.startsWith(".")) return false;
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const path = join(parent, entry.name);
  return tryFile(`Cannot follow ${path}`, path, () => lstatSync(realpathSync(path))).isDirectory();
}

/** Refuses a link that leads out of the folder: a data set from elsewhere must not read the rest of the disk. */
function inside(root: string, real: string, path: string): string {
  const target = tryFile(`Cannot read ${path}`, path, () => realpathSync(path));
  if (target.startsWith(real + sep)) return path;
  throw new RangeError(
    `Cannot use ${root}: its files must lie within it, ${quote(path.slice(real.length + 1))} leads to ${
      quote(target)
    }`,
  );
}

function imagesIn(root: string, real: string, folder: string, entries: readonly Dirent[]): string[] {
  return entries.filter(({ name }) => IMAGE.test(name) && !name.startsWith("."))
    .map((entry) => {
      const path = join(folder, entry.name);
      return entry.isSymbolicLink() ? inside(root, real, path) : path;
    });
}

function classImages(root: string, real: string, folders: readonly Dirent[], classCount: number) {
  const lists = folders.map((folder) => {
    const path = join(real, folder.name);
    if (folder.isSymbolicLink()) inside(root, real, path);
    return imagesIn(root, real, path, readdirSync(path, { withFileTypes: true }).sort(byName));
  });
  if (lists.every(({ length }) => length === 0)) {
    throw new RangeError(
      `Cannot use ${root}: its ${folders.length} folders must hold images, they hold none`,
    );
  }
  if (folders.length !== classCount) {
    throw new RangeError(
      `Cannot use ${root}: it must hold a folder for each of ${classCount} classes, or a ${TABLE}, got ${folders.length} folders`,
    );
  }
  return {
    files: lists.flat(),
    labels: Uint16Array.from(lists.flatMap((files, label) => files.map(() => label))),
  };
}

function tableImages(root: string, real: string, classCount: number): Omit<ImageFolder, "name"> {
  const path = join(real, TABLE);
  const action = `Cannot use ${join(root, TABLE)}`;
  inside(root, real, path);
  const text = tryFile(`${action}: it must be readable`, path, () => readFileSync(path, "utf8"));
  const [header = "", ...lines] = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line !== "");
  const columns = header.split(",");
  const [file, label] = ["file", "class"].map((name) => columns.indexOf(name));
  if (file < 0 || label < 0) {
    throw new TypeError(`${action}: it must have columns file and class, got ${quote(header)}`);
  }
  if (lines.length === 0) throw new RangeError(`${action}: it must name images, it names none`);
  const rows = lines.map((line, k) => {
    const fields = line.split(",");
    const place = `in line ${k + 2}`;
    const value = fields[label] ?? "";
    if (!/^\d+$/.test(value) || Number(value) >= classCount) {
      throw new RangeError(
        `${action}: a class must be a whole number below ${classCount}, got ${quote(value)} ${place}`,
      );
    }
    if (fields.length !== columns.length) {
      throw new TypeError(
        `${action}: a line must have ${columns.length} fields, got ${fields.length} ${place}`,
      );
    }
    return { path: inside(root, real, join(real, fields[file])), label: Number(value) };
  });
  return { files: rows.map((row) => row.path), labels: Uint16Array.from(rows, (row) => row.label) };
}
