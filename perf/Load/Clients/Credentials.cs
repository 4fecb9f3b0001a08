using FastPush.Load.Wire;

namespace FastPush.Load.Clients;

/// <summary>The tokens of this process's connections, in their order; none for a server that asks for none.</summary>
internal sealed class Credentials(IReadOnlyList<byte[]>? tokens)
{
    public void AddHeader(ref ByteText text, int connection)
    {
        if (tokens is not null)
        {
            text.Add("Authorization: Bearer "u8);
            text.Add(tokens[connection]);
            text.Add("\r\n"u8);
        }
    }
}
