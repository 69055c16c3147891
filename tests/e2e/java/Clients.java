import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Kafka's Java clients, told what to do on standard input: one command a line,
 * "ID TAB VERB TAB key=value TAB ...".  Every command runs on a thread of its own
 * and ends with "ID TAB ok TAB text" or "ID TAB error TAB exception".
 * Keys that are not ours are passed to the client as its configuration.
 */
public final class Clients {
	interface Verb {
		String run(Command command) throws Exception;
	}

	private static final Map<String, Verb> VERBS = new HashMap<>();
	private static final Map<String, Command> RUNNING = new ConcurrentHashMap<>();
	private static final PrintWriter OUT = new PrintWriter(System.out, true);

	static {
		VERBS.put("produce", Clients::produce);
		VERBS.put("load", Clients::load);
		VERBS.put("consume", Clients::consume);
		VERBS.put("transactions", Clients::transactions);
		VERBS.put("copy", Clients::copy);
		VERBS.put("history.produce", History::produce);
		VERBS.put("history.transact", History::transact);
		VERBS.put("history.consume", History::consume);
		VERBS.put("stop", Clients::stop);
	}

	private Clients() {
	}

	public static void main(String[] args) throws Exception {
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
		OUT.println("ready");
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			Command command = new Command(line);
			RUNNING.put(command.id, command);
			Thread thread = new Thread(() -> execute(command), command.id);
			thread.setDaemon(true);
			thread.start();
		}
	}

	private static void execute(Command command) {
		String outcome;
		try {
			outcome = "ok\t" + VERBS.get(command.verb).run(command);
		} catch (Throwable thrown) {
			thrown.printStackTrace();
			outcome = "error\t" + thrown;
		}
		OUT.println(command.id + "\t" + outcome.replace('\n', ' '));
	}

	/** One line of input. */
	static final class Command {
		final String id;
		final String verb;
		final Map<String, String> words = new HashMap<>();
		volatile boolean stopped;

		Command(String line) {
			String[] parts = line.split("\t");
			id = parts[0];
			verb = parts[1];
			for (int i = 2; i < parts.length; i++) {
				int at = parts[i].indexOf('=');
				words.put(parts[i].substring(0, at), parts[i].substring(at + 1));
			}
		}

		/** Takes a word out, so that what is left is the client's configuration. */
		String take(String name, String otherwise) {
			String value = words.remove(name);
			return value == null ? otherwise : value;
		}

		int number(String name, int otherwise) {
			return Integer.parseInt(take(name, Integer.toString(otherwise)));
		}

		Properties settings() {
			Properties properties = new Properties();
			properties.putAll(words);
			return properties;
		}
	}

	private static KafkaProducer<String, String> producer(Command command) {
		Properties properties = new Properties();
		properties.put(ProducerConfig.LINGER_MS_CONFIG, "5");
		properties.putAll(command.settings());
		return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
	}

	private static KafkaConsumer<String, String> consumer(Command command) {
		Properties properties = new Properties();
		properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
		properties.putAll(command.settings());
		return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
	}

	/** count records with the keys PREFIX0, PREFIX1, ...; fails when one is not acknowledged. */
	private static String produce(Command command) throws Exception {
		String topic = command.take("topic", null);
		String prefix = command.take("prefix", "k");
		int count = command.number("count", 1);
		String value = "v".repeat(command.number("size", 100));
		List<Future<RecordMetadata>> sent = new ArrayList<>(count);
		try (KafkaProducer<String, String> producer = producer(command)) {
			for (int i = 0; i < count; i++)
				sent.add(producer.send(new ProducerRecord<>(topic, prefix + i, value)));
			producer.flush();
			for (Future<RecordMetadata> one : sent)
				one.get(30, TimeUnit.SECONDS);
		}
		return "sent=" + count;
	}

	/** Produces until it is stopped; the answer tells how many were acknowledged and what went wrong. */
	private static String load(Command command) throws Exception {
		String topic = command.take("topic", null);
		String prefix = command.take("prefix", "k");
		String value = "v".repeat(command.number("size", 100));
		int pause = command.number("every.us", 500);
		AtomicLong acknowledged = new AtomicLong();
		AtomicLong failed = new AtomicLong();
		Map<String, Long> errors = new ConcurrentHashMap<>();
		long sent = 0;
		try (KafkaProducer<String, String> producer = producer(command)) {
			for (; !command.stopped; sent++) {
				producer.send(new ProducerRecord<>(topic, prefix + sent, value), (metadata, error) -> {
					if (error == null) {
						acknowledged.incrementAndGet();
					} else {
						failed.incrementAndGet();
						errors.merge(error.toString(), 1L, Long::sum);
					}
				});
				if (sent % 500 == 0)
					OUT.println(command.id + "\tprogress\t" + acknowledged.get());
				TimeUnit.MICROSECONDS.sleep(pause);
			}
			producer.flush();
		}
		return "sent=" + sent + " acknowledged=" + acknowledged + " failed=" + failed + " errors=" + errors;
	}

	/** Reads as a group until `count` records came (and `extra` ms more) and writes "partition offset key" lines. */
	private static String consume(Command command) throws Exception {
		String topic = command.take("topic", null);
		int count = command.number("count", 1);
		int extra = command.number("extra", 0);
		long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(command.number("limit", 60));
		Set<String> read = new HashSet<>(); // a record that is read again is no progress
		try (PrintWriter out = new PrintWriter(command.take("out", "/dev/null"));
				KafkaConsumer<String, String> consumer = consumer(command)) {
			consumer.subscribe(List.of(topic.split(",")));
			while (read.size() < count && System.nanoTime() < end && !command.stopped) {
				int before = read.size();
				write(out, consumer.poll(Duration.ofMillis(200)), read);
				if (read.size() > before)
					OUT.println(command.id + "\tprogress\t" + read.size());
			}
			end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(extra);
			while (System.nanoTime() < end)
				write(out, consumer.poll(Duration.ofMillis(100)), read);
			consumer.commitSync();
		}
		return "read=" + read.size();
	}

	private static void write(PrintWriter out, ConsumerRecords<String, String> records, Set<String> read) {
		for (ConsumerRecord<String, String> record : records) {
			out.println(record.partition() + " " + record.offset() + " " + record.key());
			read.add(record.topic() + " " + record.partition() + " " + record.offset());
		}
	}

	/** `count` transactions of `size` records each; every second one is aborted. Keys: PREFIX + c|a + number. */
	private static String transactions(Command command) throws Exception {
		String topic = command.take("topic", null);
		String prefix = command.take("prefix", "t");
		int count = command.number("count", 10);
		int size = command.number("size", 50);
		int committed = 0;
		int aborted = 0;
		try (KafkaProducer<String, String> producer = producer(command)) {
			producer.initTransactions();
			for (int i = 0; i < count; i++) {
				boolean abort = i % 2 == 1;
				producer.beginTransaction();
				for (int j = 0; j < size; j++) {
					String key = prefix + (abort ? "a" + aborted++ : "c" + committed++);
					producer.send(new ProducerRecord<>(topic, key, key));
				}
				producer.flush();
				if (abort)
					producer.abortTransaction();
				else
					producer.commitTransaction();
			}
		}
		return "committed=" + committed + " aborted=" + aborted;
	}

	/** Consumes `count` records of one topic and produces them to another, offsets and all in transactions. */
	private static String copy(Command command) throws Exception {
		String from = command.take("from", null);
		String to = command.take("to", null);
		int count = command.number("count", 1);
		long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(command.number("limit", 60));
		String transactionalId = command.take(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "copy");
		String group = command.take(ConsumerConfig.GROUP_ID_CONFIG, "copy");
		Properties in = command.settings();
		in.put(ConsumerConfig.GROUP_ID_CONFIG, group);
		in.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
		in.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
		in.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
		Properties out = new Properties();
		out.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, in.get(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG));
		out.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
		int copied = 0;
		try (KafkaConsumer<String, String> consumer =
					new KafkaConsumer<>(in, new StringDeserializer(), new StringDeserializer());
				KafkaProducer<String, String> producer =
					new KafkaProducer<>(out, new StringSerializer(), new StringSerializer())) {
			producer.initTransactions();
			consumer.subscribe(List.of(from));
			while (copied < count && System.nanoTime() < end) {
				ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
				if (records.isEmpty())
					continue;
				Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
				producer.beginTransaction();
				for (ConsumerRecord<String, String> record : records) {
					producer.send(new ProducerRecord<>(to, record.key(), record.value()));
					offsets.put(new TopicPartition(record.topic(), record.partition()),
							new OffsetAndMetadata(record.offset() + 1));
				}
				producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
				producer.commitTransaction();
				copied += records.count();
			}
		}
		return "copied=" + copied;
	}

	private static String stop(Command command) {
		RUNNING.get(command.take("which", null)).stopped = true;
		return "";
	}
}
