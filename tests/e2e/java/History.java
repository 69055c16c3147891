import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Clients that write down what they did and saw, for tests/e2e/history.py, which says what the lines mean.
 * They go on whatever happens, as applications do: who can't go on with a producer makes a new one.
 * Keys are NAME/SESSION/NUMBER, and NAME/SESSION/NUMBER/TRANSACTION.
 */
final class History implements AutoCloseable {
	private static final Duration COMMIT = Duration.ofSeconds(10);

	private final PrintWriter out;
	private final String name;
	private final AtomicLong lines = new AtomicLong();

	private History(Clients.Command command) throws Exception {
		name = command.take("name", null);
		out = new PrintWriter(command.take("out", null));
	}

	@Override
	public void close() {
		out.close();
	}

	private synchronized void note(Object... words) {
		StringBuilder line = new StringBuilder();
		line.append(System.nanoTime()).append('\t').append(name);
		for (Object word : words)
			line.append('\t').append(String.valueOf(word).replace('\t', ' ').replace('\n', ' '));
		out.println(line);
		lines.incrementAndGet();
	}

	/* --- producers --- */

	private void send(KafkaProducer<String, String> producer, String topic, String key, String value) {
		producer.send(new ProducerRecord<>(topic, key, value), (metadata, error) -> {
			if (error == null)
				note("acked", topic, metadata.partition(), metadata.offset(), key);
			else
				note("failed", topic, key, error);
		});
	}

	private static KafkaProducer<String, String> producer(Clients.Command command) {
		Properties properties = new Properties();
		properties.put(ProducerConfig.LINGER_MS_CONFIG, "5");
		properties.put(ProducerConfig.RETRY_BACKOFF_MAX_MS_CONFIG, "500");
		properties.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, "500");
		properties.putAll(command.settings());
		return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
	}

	/** An idempotent producer, until it is stopped. */
	static String produce(Clients.Command command) throws Exception {
		String topic = command.take("topic", null);
		int pause = command.number("every.us", 5000);
		long number = 0;
		int session = 0;
		try (History history = new History(command)) {
			for (; !command.stopped; session++) {
				try (KafkaProducer<String, String> producer = producer(command)) {
					for (; !command.stopped; number++) {
						String key = history.name + "/" + session + "/" + number;
						history.send(producer, topic, key, key);
						TimeUnit.MICROSECONDS.sleep(pause);
					}
				} catch (KafkaException error) {
					history.note("gave up", error);
				}
			}
			return "sent=" + number + " sessions=" + session;
		}
	}

	/** Transactions until it is stopped, one in four of them aborted. */
	static String transact(Clients.Command command) throws Exception {
		String topic = command.take("topic", null);
		int pause = command.number("every.us", 5000);
		Random random = new Random(command.number("seed", 1));
		long[] numbers = { 0, 0 }; // records, transactions
		int session = 0;
		try (History history = new History(command)) {
			for (; !command.stopped; session++) {
				try (KafkaProducer<String, String> producer = producer(command)) {
					producer.initTransactions();
					while (!command.stopped && history.transaction(producer, topic, session, numbers, pause, random))
						numbers[1]++;
				} catch (KafkaException error) {
					history.note("gave up", error);
				}
				numbers[1]++;
			}
			return "sent=" + numbers[0] + " transactions=" + numbers[1] + " sessions=" + session;
		}
	}

	/** False: this producer can't go on. What is not committed then is aborted by the next one's start. */
	private boolean transaction(KafkaProducer<String, String> producer, String topic, int session, long[] numbers,
			int pause, Random random) throws InterruptedException {
		String id = name + "-" + numbers[1];
		boolean aborts = random.nextInt(4) == 0;
		boolean asked = false; // whether it may have been committed
		try {
			producer.beginTransaction();
			for (int i = 5 + random.nextInt(20); i > 0; i--) {
				String key = name + "/" + session + "/" + numbers[0]++ + "/" + id;
				send(producer, topic, key, key);
				TimeUnit.MICROSECONDS.sleep(pause);
			}
			producer.flush();
			if (aborts) {
				producer.abortTransaction();
			} else {
				asked = true;
				producer.commitTransaction();
			}
			note("transaction", id, aborts ? "aborted" : "committed");
			return true;
		} catch (KafkaException error) {
			note("transaction", id, asked ? "unknown" : "aborted");
			note("gave up", error);
			return false;
		}
	}

	/* --- consumers --- */

	private static KafkaConsumer<String, String> consumer(Clients.Command command) {
		Properties properties = new Properties();
		properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
		properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
		properties.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, "500");
		properties.putAll(command.settings());
		return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
	}

	private void notePartitions(String what, Collection<TopicPartition> partitions) {
		for (TopicPartition p : partitions)
			note(what, p.topic(), p.partition());
	}

	private Map<TopicPartition, OffsetAndMetadata> read(KafkaConsumer<String, String> consumer) {
		Map<TopicPartition, OffsetAndMetadata> after = new HashMap<>();
		for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(200))) {
			note("read", r.topic(), r.partition(), r.offset(), r.key());
			after.put(new TopicPartition(r.topic(), r.partition()), new OffsetAndMetadata(r.offset() + 1));
		}
		return after;
	}

	private void commit(KafkaConsumer<String, String> consumer, Map<TopicPartition, OffsetAndMetadata> after) {
		try {
			consumer.commitSync(after, COMMIT);
			after.forEach((p, at) -> note("committed", p.topic(), p.partition(), at.offset()));
		} catch (KafkaException error) {
			note("not committed", error);
		}
	}

	/** A member of a group, which commits what it has read, or (without a group) a reader of all; until it is stopped, or
	 * (until.end) has read what there was when it began. */
	static String consume(Clients.Command command) throws Exception {
		String topic = command.take("topic", null);
		String group = command.words.get(ConsumerConfig.GROUP_ID_CONFIG);
		boolean ends = Boolean.parseBoolean(command.take("until.end", "false"));
		try (History history = new History(command)) {
			while (!command.stopped) {
				try (KafkaConsumer<String, String> consumer = consumer(command)) {
					if (group == null)
						history.assign(consumer, topic);
					else
						history.subscribe(consumer, topic);
					Map<TopicPartition, Long> end = ends ? consumer.endOffsets(consumer.assignment()) : Map.of();
					while (!command.stopped) {
						history.step(consumer, group != null);
						command.stopped |= ends && end.keySet().stream().allMatch(p -> consumer.position(p) >= end.get(p));
					}
				} catch (KafkaException error) {
					history.note("gave up", error);
				}
			}
			return "lines=" + history.lines;
		}
	}

	private void step(KafkaConsumer<String, String> consumer, boolean commits) {
		long before = lines.get();
		Map<TopicPartition, OffsetAndMetadata> after = read(consumer);
		if (commits && !after.isEmpty())
			commit(consumer, after);
		if (lines.get() > before)
			out.flush();
	}

	private void subscribe(KafkaConsumer<String, String> consumer, String topic) {
		consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
			@Override
			public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
				notePartitions("assigned", partitions);
			}

			@Override
			public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
				notePartitions("revoked", partitions);
			}
		});
	}

	private void assign(KafkaConsumer<String, String> consumer, String topic) {
		List<TopicPartition> all = new ArrayList<>();
		consumer.partitionsFor(topic).forEach(p -> all.add(new TopicPartition(topic, p.partition())));
		consumer.assign(all);
		consumer.seekToBeginning(all);
		notePartitions("assigned", all);
	}
}
