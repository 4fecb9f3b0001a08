using System.Globalization;
using System.Net;
using FastPush.EchoHost;

var port = 9001;
for (var i = 0; i < args.Length; i++)
{
    if (args[i] != "--port" || i + 1 == args.Length
        || !int.TryParse(args[++i], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > IPEndPoint.MaxPort)
    {
        await Console.Error.WriteLineAsync("usage: EchoHost [--port N]   (default 9001; 0 picks a free one)");
        return 2;
    }
}

await using var server = await EchoServer.StartAsync(IPAddress.Any, port);
Console.WriteLine($"echo on ws://127.0.0.1:{server.Port}/");
await server.WaitForShutdownAsync();
return 0;
