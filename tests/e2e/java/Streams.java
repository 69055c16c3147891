import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Counts words with state, exactly once, as a streams group (KIP-1071), until its input ends:
 * Streams BOOTSTRAP APPLICATION DIRECTORY INPUT OUTPUT WAYS.  A record's word is its key's number modulo
 * each of WAYS, "7" or "7,2": another topology; what comes out has keys "7:WORD=COUNT".
 */
public final class Streams {
	private Streams() {
	}

	public static void main(String[] args) throws Exception {
		StreamsBuilder builder = new StreamsBuilder();
		KStream<String, String> input = builder.stream(args[3]);
		for (String way : args[5].split(","))
			count(input, Integer.parseInt(way), args[4]);
		KafkaStreams streams = new KafkaStreams(builder.build(), settings(args));
		streams.setStateListener((now, before) -> System.out.println("state " + now));
		streams.start();
		while (System.in.read() >= 0)
			continue;
		streams.close();
		System.out.println("closed");
	}

	private static void count(KStream<String, String> input, int way, String output) {
		input.selectKey((key, value) -> String.valueOf(number(key) % way))
			.groupByKey(Grouped.as("words" + way))
			.count(Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("counts" + way).withCachingDisabled())
			.toStream()
			.map((word, count) -> KeyValue.pair(way + ":" + word + "=" + count, ""))
			.to(output);
	}

	private static int number(String key) {
		return Integer.parseInt(key.replaceAll("\\D", ""));
	}

	private static Properties settings(String[] args) {
		Properties settings = new Properties();
		settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
		settings.put(StreamsConfig.APPLICATION_ID_CONFIG, args[1]);
		settings.put(StreamsConfig.STATE_DIR_CONFIG, args[2]);
		settings.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "streams");
		settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
		settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
		settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
		settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
		settings.put("auto.offset.reset", "earliest");
		return settings;
	}
}
