# %% right="losses and sizes in lists"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train(True)
    losses, sizes = [], []
    for batch in loader:
        inputs, targets = batch
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss))
        sizes.append(inputs.size(0))
    return sum(loss * size for loss, size in zip(losses, sizes)) / sum(sizes)


# %% right="gradients removed by hand, a tensor adds up"
import torch


def train_one_epoch(model, loader, optimizer, criterion):
    if not model.training:
        model.train()
    total = torch.zeros((), dtype=torch.float64)
    for images, labels in loader:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
        logits = model(images)
        loss = criterion(logits, labels)
        loss.backward()
        optimizer.step()
        total += loss.detach() * labels.numel()
    return (total / len(loader.dataset)).item()


# %% right="a running mean, and a closure"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    mean, seen = 0.0, 0
    for images, labels in loader:

        def closure():
            optimizer.zero_grad(set_to_none=False)
            loss = criterion(model(images), labels.float())
            loss.backward()
            return loss

        loss = optimizer.step(closure)
        seen += images.shape[0]
        mean += (loss.item() - mean) * images.shape[0] / seen
    return mean


# %% right="the usual loop"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="zero_grad missing" from="the usual loop" caught_by="steps"
# -         optimizer.zero_grad()

# %% wrong="zero_grad once an epoch" from="the usual loop" caught_by="steps"
#       model.train()
# +     optimizer.zero_grad()

# -         optimizer.zero_grad()

# %% wrong="zero_grad after backward" from="the usual loop" caught_by="steps"
# -         optimizer.zero_grad()

#           loss.backward()
# +         optimizer.zero_grad()

# %% wrong="step missing" from="the usual loop" caught_by="steps"
# -         optimizer.step()

# %% wrong="backward missing" from="the usual loop" caught_by="steps"
# -         loss.backward()

# %% wrong="step before backward" from="the usual loop" caught_by="steps"
# +         loss = criterion(model(images), labels)
# +         optimizer.step()
#           optimizer.zero_grad()
# -         loss = criterion(model(images), labels)
#           loss.backward()
# -         optimizer.step()

# %% wrong="one step per epoch" from="the usual loop" caught_by="steps"
# -         optimizer.zero_grad()

# -         optimizer.step()

#           n_samples += len(images)
# +     optimizer.step()
# +     optimizer.zero_grad()

# %% wrong="sigmoid twice" from="the usual loop" caught_by="steps, mean_loss"
# -         loss = criterion(model(images), labels)
# +         loss = criterion(model(images).sigmoid(), labels)

# %% wrong="logits of shape (N, 1) against labels of shape (N,)" from="the usual loop" caught_by="steps"
# + import torch
# +
# +
#   def train_one_epoch(model, loader, optimizer, criterion):

# -         loss = criterion(model(images), labels)
# +         logits, table = torch.broadcast_tensors(model(images).unsqueeze(1), labels)
# +         loss = criterion(logits, table)

# %% wrong="gradient of the sum" from="the usual loop" caught_by="steps"
# -         loss.backward()
# +         (loss * len(images)).backward()

# %% wrong="labels inverted" from="the usual loop" caught_by="steps"
# -         loss = criterion(model(images), labels)
# +         loss = criterion(model(images), 1 - labels)

# %% wrong="predictions and labels swapped" from="the usual loop" caught_by="steps"
# -         loss = criterion(model(images), labels)
# +         loss = criterion(labels, model(images))

# %% wrong="uphill" from="the usual loop" caught_by="steps"
# -         loss.backward()
# +         (-loss).backward()

# %% wrong="return within the loop" from="the usual loop" caught_by="steps"
# -     return total / n_samples
# +         return total / n_samples

# %% wrong="the last batch is dropped" from="the usual loop" caught_by="steps"
# -     for images, labels in loader:
# +     for images, labels in list(loader)[:-1]:

# %% wrong="the sum is returned" from="the usual loop" caught_by="mean_loss"
# -     return total / n_samples
# +     return total

# %% wrong="sum of the means" from="the usual loop" caught_by="mean_loss"
# -         total += loss.item() * len(images)
# +         total += loss.item()
#           n_samples += len(images)
# -     return total / n_samples
# +     return total

# %% wrong="sum of the means by the number of samples" from="the usual loop" caught_by="mean_loss"
# -         total += loss.item() * len(images)
# +         total += loss.item()

# %% wrong="mean of the batches' means" from="the usual loop" caught_by="last_batch"
# -         total += loss.item() * len(images)
# +         total += loss.item()
#           n_samples += len(images)
# -     return total / n_samples
# +     return total / len(loader)

# %% wrong="weighed with the loader's batch size" from="the usual loop" caught_by="last_batch"
# -         total += loss.item() * len(images)
# +         total += loss.item() * loader.batch_size

# %% wrong="samples counted as batches times batch size" from="the usual loop" caught_by="last_batch"
# -     return total / n_samples
# +     return total / (len(loader) * loader.batch_size)

# %% wrong="the loss of the last batch" from="the usual loop" caught_by="mean_loss"
# -     return total / n_samples
# +     return loss.item()

# %% wrong="a tensor is returned" from="the usual loop" caught_by="mean_loss"
# -         total += loss.item() * len(images)
# +         total += loss * len(images)

# %% wrong="nothing is returned" from="the usual loop" caught_by="mean_loss"
# -     return total / n_samples

# %% wrong="train() missing" from="the usual loop" caught_by="train_mode"
# -     model.train()

# %% wrong="trains in eval mode" from="the usual loop" caught_by="train_mode"
# -     model.train()
# +     model.eval()

# %% wrong="left in eval mode" from="the usual loop" caught_by="train_mode"
#           n_samples += len(images)
# +     model.eval()

# %% wrong="an optimizer of its own" from="the usual loop" caught_by="given_tools"
# + import torch
# +
# +
#   def train_one_epoch(model, loader, optimizer, criterion):

#       model.train()
# +     optimizer = torch.optim.SGD(model.parameters(), lr=optimizer.param_groups[0]["lr"])

# %% wrong="a criterion of its own" from="the usual loop" caught_by="given_tools"
# + import torch.nn.functional as F
# +
# +
#   def train_one_epoch(model, loader, optimizer, criterion):

# -         loss = criterion(model(images), labels)
# +         loss = F.binary_cross_entropy_with_logits(model(images), labels)

# %% wrong="small batches are skipped" from="the usual loop" caught_by="given_tools"
#           optimizer.zero_grad()
# +         if len(images) < 8 and n_samples:
# +             continue

# %% wrong="without gradients" from="the usual loop" caught_by="steps"
# + import torch
# +
# +
#   def train_one_epoch(model, loader, optimizer, criterion):

# -         loss = criterion(model(images), labels)
# +         with torch.no_grad():
# +             loss = criterion(model(images), labels)
# +         loss.requires_grad_()
