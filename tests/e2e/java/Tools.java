import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.util.Base64;
import org.apache.kafka.common.utils.Exit;

/**
 * Kafka's console tools in one JVM: a line of input is "CLASS TAB argument TAB ...",
 * the answer "exit code TAB base64 of what the tool printed".
 */
public final class Tools {
	/** What a tool's exit() becomes. */
	private static final class Exited extends RuntimeException {
		private static final long serialVersionUID = 1;
		final int code;

		Exited(int code) {
			super("exit " + code, null, false, false);
			this.code = code;
		}
	}

	private Tools() {
	}

	public static void main(String[] args) throws Exception {
		Exit.setExitProcedure((code, message) -> {
			throw new Exited(code);
		});
		Exit.setHaltProcedure((code, message) -> {
			throw new Exited(code);
		});
		PrintStream answers = System.out;
		answers.println("ready");
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			ByteArrayOutputStream printed = new ByteArrayOutputStream();
			PrintStream capture = new PrintStream(printed, true);
			System.setOut(capture);
			int code = run(line.split("\t"), capture);
			capture.flush();
			answers.println(code + "\t" + Base64.getEncoder().encodeToString(printed.toByteArray()));
			answers.flush();
		}
	}

	private static int run(String[] words, PrintStream capture) throws Exception {
		String[] args = new String[words.length - 1];
		System.arraycopy(words, 1, args, 0, args.length);
		int[] code = {0};
		try {
			scala.Console.withOut(capture, () -> {
				code[0] = call(words[0], args, capture);
				return null;
			});
		} catch (Exited exited) {
			return exited.code;
		}
		return code[0];
	}

	private static int call(String name, String[] args, PrintStream capture) {
		try {
			Class.forName(name).getMethod("main", String[].class).invoke(null, (Object) args);
			return 0;
		} catch (InvocationTargetException wrapped) {
			if (wrapped.getCause() instanceof Exited)
				return ((Exited) wrapped.getCause()).code;
			wrapped.getCause().printStackTrace(capture);
			return 1;
		} catch (ReflectiveOperationException none) {
			capture.println(none);
			return 127;
		}
	}
}
