using FastPush.Gateway;
using FastPush.Gateway.Http;
using FastPush.Gateway.Transport;

if (!GatewayHost.TryRead(args, out var setup, out var faults))
{
    foreach (var fault in faults)
    {
        Console.Error.WriteLine(fault);
    }

    return 2;
}

if (!setup.UsesEngine)
{
    KestrelSetup.RunInline(setup.EngineThreads);
}

await using var app = GatewayHost.Build(setup);
Endpoints.Map(app);
await app.RunAsync();
return 0;
