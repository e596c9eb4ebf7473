// Netron's own reader without its window: opens one file and ends. Its modules are in the package of PyPI.
// usage: node netron.mjs PACKAGE_FOLDER FILE
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder, file] = process.argv;
const load = (name) => import(pathToFileURL(path.join(path.resolve(folder), name)).href);
const { FileStream } = await load('node.js');
const { ModelFactoryService } = await load('view.js');
const { Archive } = await load('zip.js');
// Inflates with the zlib of node, as its desktop app does.
await Archive.import();

const failures = [];
const host = {
    type: 'Node',
    environment: () => undefined,
    event: () => {},
    require: (id) => load(`${id.replace(/^\.\//, '')}.js`),
    asset: (name) => fs.promises.readFile(path.join(folder, name), 'utf-8'),
    fetch: async (name, encoding, base) => {
        const wanted = path.join(base ?? path.dirname(file), name);
        if (encoding) {
            return fs.promises.readFile(wanted, encoding);
        }
        const { size, mtimeMs } = fs.statSync(wanted);
        return new FileStream(wanted, 0, size, mtimeMs);
    },
    exception: (error) => failures.push(error)
};
const { size, mtimeMs } = fs.statSync(file);
const context = {
    identifier: path.basename(file),
    stream: new FileStream(file, 0, size, mtimeMs),
    entries: new Map(),
    require: host.require,
    asset: host.asset,
    fetch: host.fetch,
    error: host.exception
};
const model = await new ModelFactoryService(host).open(context);
if (failures.length > 0 || !model.format) {
    throw failures[0] ?? new Error('Netron read nothing.');
}
console.log(model.format);
