using System.Globalization;
using System.Text;

namespace FastPush.Relay.Resp;

/// <summary>Commands as Redis reads them: an array of bulk strings.</summary>
internal static class RespCommand
{
    /// <summary><c>*n CR LF</c>, then for each word <c>$bytes CR LF word CR LF</c>.</summary>
    public static byte[] Encode(params ReadOnlySpan<string> words)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"*{words.Length}\r\n");
        foreach (var word in words)
        {
            text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The command without its last argument, which is <c>$bytes CR LF content CR LF</c> and written behind it.</summary>
    public static byte[] EncodeHead(params ReadOnlySpan<string> words)
    {
        var whole = Encode(words);
        var line = whole.AsSpan().IndexOf((byte)'\n') + 1;
        return [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"*{words.Length + 1}\r\n")), .. whole[line..]];
    }
}
