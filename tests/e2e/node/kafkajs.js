// KafkaJS.  The words and the environment are those of go/asked/asked.go.
'use strict';
const fs = require('fs');
const { Kafka, CompressionTypes, logLevel } = require('kafkajs');

const VALUE = 'v'.repeat(100);
const CODECS = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP };
const BATCH = 1000;
const PATIENCE_MS = 60000;
// Its own 10 s are as long as a login lasts here: it would log in again before each request, which brokers refuse.
const AGAIN_BEFORE_MS = 1500;

function sasl() {
	const [mechanism, username, password, token] = (process.env.CLIENT_LOGIN || '').split(' ');
	if (!mechanism)
		return undefined;
	if (mechanism === 'OAUTHBEARER')
		return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: token }) };
	return { mechanism: mechanism.toLowerCase(), username, password };
}

function ssl() {
	if (!process.env.CLIENT_TLS)
		return false;
	const files = JSON.parse(process.env.CLIENT_TLS);
	const read = (name) => files[name] && fs.readFileSync(files[name]);
	return { ca: [read('ca')], cert: read('cert'), key: read('key') };
}

async function produce(kafka, topic, count, ...runs) {
	const producers = {};
	for (; runs.length; runs = runs.slice(3)) {
		const [prefix, acks, compression] = runs;
		const producer = producers[acks] || (producers[acks] = kafka.producer({ idempotent: acks === 'all' }));
		await producer.connect();
		for (let i = 0; i < count; i += BATCH) {
			const messages = [];
			for (let j = i; j < Math.min(count, i + BATCH); j++)
				messages.push({ key: `${prefix}${j}`, value: VALUE });
			await producer.send({ topic, messages, acks: acks === 'all' ? -1 : Number(acks), compression: CODECS[compression] });
		}
	}
	for (const producer of Object.values(producers))
		await producer.disconnect();
}

async function consume(kafka, topic, groupId, count, out, limit) {
	const consumer = kafka.consumer({ groupId });
	const lines = [];
	await consumer.connect();
	await consumer.subscribe({ topic, fromBeginning: true });
	const all = new Promise((resolve, reject) => {
		consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
		consumer.run({
			autoCommit: false,
			eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary, uncommittedOffsets }) => {
				for (const message of batch.messages) {
					lines.push(`${batch.partition} ${message.offset} ${message.key}\n`);
					resolveOffset(message.offset);
				}
				await commitOffsetsIfNecessary(uncommittedOffsets());
				if (lines.length >= count)
					resolve();
			},
		}).catch(reject);
	});
	const over = setTimeout(() => process.exit(1), limit * 1000);
	await all;
	clearTimeout(over);
	fs.writeFileSync(out, lines.join(''));
	await consumer.disconnect();
}

async function topics(kafka, out) {
	const admin = kafka.admin();
	await admin.connect();
	fs.writeFileSync(out, (await admin.listTopics()).join('\n') + '\n');
	await admin.disconnect();
}

const [bootstrap, verb, ...words] = process.argv.slice(2);
const kafka = new Kafka({
	clientId: 'kafkajs', brokers: bootstrap.split(','), sasl: sasl(), ssl: ssl(),
	requestTimeout: PATIENCE_MS, reauthenticationThreshold: AGAIN_BEFORE_MS, logLevel: logLevel.WARN,
});
({ produce, consume, topics })[verb](kafka, ...words).catch((error) => {
	console.error(error);
	process.exit(1);
});
